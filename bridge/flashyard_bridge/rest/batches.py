"""Batches: make, list, look at, cancel, hold back and let go on."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query

from flashyard.contract.batches import OPEN_BATCH, Batch, BatchStatus
from flashyard.contract.faults import Code
from flashyard.contract.model import JobId, Model
from flashyard.contract.requester import Requester
from flashyard_bridge.batches.choice import examined, meant
from flashyard_bridge.batches.kept import KeptBatch
from flashyard_bridge.batches.sights import Jobs
from flashyard_bridge.errors import ANY_ERROR, documented
from flashyard_bridge.orders import mint_job_id
from flashyard_bridge.rest import cursor
from flashyard_bridge.rest.batch_wish import AskedBatch, BatchWish, batch_schema, batch_wish
from flashyard_bridge.rest.body import require_json
from flashyard_bridge.rest.plan import REFUSALS
from flashyard_bridge.rest.request import StartRequest
from flashyard_bridge.state import Bridge, BridgeState
from flashyard_bridge.witness.action import audited
from flashyard_bridge.witness.caller import Caller

_PAGE = 50
_MOST = 200

router = APIRouter(tags=["batches"], responses=ANY_ERROR)


class BatchMade(Model):
    """A batch that begins; ``ignored`` names the request's fields that mean nothing to us."""

    success: Literal[True] = True
    batch_id: str
    status: BatchStatus
    total: int
    ignored: tuple[str, ...] = ()


class OneBatch(Model):
    """One batch, with its devices."""

    batch: Batch


class BatchList(Model):
    """A page of batches, the newest first, without their devices."""

    batches: tuple[Batch, ...]
    count: int
    next_cursor: str | None = None


class SteeredBatch(Model):
    """A batch's status as it is now, and what was asked of it that has not happened yet."""

    success: Literal[True] = True
    batch_id: str
    status: BatchStatus
    requested: Literal["cancel"] | None = None


class BatchQuery(Model):
    """Which batches to list."""

    status: Annotated[
        Literal[
            "all", "active", "running", "paused", "completed", "failed", "cancelled", "stopped"
        ],
        Query(description="`active`: running or paused"),
    ] = "all"
    job_id: Annotated[JobId | None, Query(description="the one that has this job")] = None
    limit: Annotated[int, Query(ge=1, le=_MOST, strict=False)] = _PAGE
    cursor: Annotated[str, Query(max_length=200)] | None = None

    @property
    def statuses(self) -> tuple[BatchStatus, ...]:
        """The statuses that are meant; none is all."""
        if self.status == "all":
            return ()
        return tuple(OPEN_BATCH) if self.status == "active" else (BatchStatus(self.status),)


@router.post(
    "/api/flash/batch",
    operation_id="startBatch",
    summary="Flash the same to many devices",
    response_model_exclude_none=True,
    responses=documented(
        *REFUSALS,
        Code.UNKNOWN_DEVICE,
        Code.UNKNOWN_HUB,
        Code.DEVICE_OFFLINE,
        Code.AMBIGUOUS_DEVICE,
        Code.IDEMPOTENCY_CONFLICT,
        Code.PAYLOAD_TOO_LARGE,
        Code.UNSUPPORTED_MEDIA_TYPE,
        Code.INVALID_REQUEST,
        Code.NOT_SUPPORTED,
        Code.PARTITION_REQUIRED,
        Code.PARTITION_DENIED,
        Code.RATE_LIMITED,
        Code.BROKER_UNREACHABLE,
    ),
    openapi_extra=batch_schema(),
)
@audited("start_batch", BatchWish, StartRequest)
async def start_batch(
    asked: Annotated[AskedBatch, Depends(batch_wish)], bridge: Bridge, caller: Caller
) -> BatchMade:
    """Have each of the devices flashed, one job each; it goes on by itself, over restarts, too.

    Every device must be there and able to take it, or nothing is started.
    """
    batch = _made(bridge, asked, caller)
    known = await bridge.batches.repeated(batch)
    if known is None:
        wanted = asked.wish.devices or meant(bridge.fleet.devices(), asked.place, asked.start)
        items, device_bytes = await examined(bridge, asked.start, wanted)
        known = await bridge.batches.add(replace(batch, device_bytes=device_bytes), items)
    told = await bridge.batches.tell(known.id, _jobs(bridge))
    return BatchMade(
        batch_id=told.batch_id,
        status=told.status,
        total=told.total,
        ignored=tuple(asked.start.ignored),
    )


@router.get(
    "/api/flash/batches",
    operation_id="listBatches",
    summary="List batches",
    response_model_exclude_none=True,
    responses=documented(Code.INVALID_REQUEST, Code.BROKER_UNREACHABLE, Code.DATABASE_UNREACHABLE),
)
async def list_batches(query: Annotated[BatchQuery, Query()], bridge: Bridge) -> BatchList:
    """List them, the newest first; `jobId` finds the one that a job belongs to."""
    found = await bridge.batches.page(
        limit=query.limit + 1,
        statuses=query.statuses,
        job_id=query.job_id,
        before=None if query.cursor is None else cursor.decode(query.cursor),
        jobs=_jobs(bridge),
    )
    page = found[: query.limit]
    more = cursor.encode((page[-1].created_at, page[-1].batch_id)) if found[len(page) :] else None
    return BatchList(batches=tuple(page), count=len(page), next_cursor=more)


@router.get(
    "/api/flash/batch/{batch_id}",
    operation_id="getBatch",
    summary="Look at a batch",
    response_model_exclude_none=True,
    responses=documented(Code.UNKNOWN_BATCH, Code.BROKER_UNREACHABLE, Code.DATABASE_UNREACHABLE),
)
async def get_batch(batch_id: str, bridge: Bridge) -> OneBatch:
    """Look at one, and how far each of its devices is."""
    return OneBatch(batch=await bridge.batches.tell(batch_id, _jobs(bridge)))


_STEERED = documented(
    Code.UNKNOWN_BATCH, Code.ALREADY_FINAL, Code.ILLEGAL_STATE, Code.DATABASE_UNREACHABLE
)


@router.post(
    "/api/flash/batch/{batch_id}/cancel",
    operation_id="cancelBatch",
    summary="Cancel a batch",
    response_model_exclude_none=True,
    responses=documented(Code.UNKNOWN_BATCH, Code.ALREADY_FINAL, Code.DATABASE_UNREACHABLE),
    dependencies=[Depends(require_json)],
)
@audited("cancel_batch")
async def cancel_batch(batch_id: str, bridge: Bridge) -> SteeredBatch:
    """Start nothing more of it, and end what runs at its next safe point."""
    return _steered(await bridge.batches.cancel(batch_id))


@router.post(
    "/api/flash/batch/{batch_id}/pause",
    operation_id="pauseBatch",
    summary="Pause a batch",
    response_model_exclude_none=True,
    responses=_STEERED,
    dependencies=[Depends(require_json)],
)
@audited("pause_batch")
async def pause_batch(batch_id: str, bridge: Bridge) -> SteeredBatch:
    """Start nothing more of it until it is resumed; what runs goes on."""
    return _steered(await bridge.batches.hold(batch_id, is_paused=True))


@router.post(
    "/api/flash/batch/{batch_id}/resume",
    operation_id="resumeBatch",
    summary="Resume a batch",
    response_model_exclude_none=True,
    responses=_STEERED,
    dependencies=[Depends(require_json)],
)
@audited("resume_batch")
async def resume_batch(batch_id: str, bridge: Bridge) -> SteeredBatch:
    """Go on starting its devices."""
    return _steered(await bridge.batches.hold(batch_id, is_paused=False))


def _made(bridge: BridgeState, asked: AskedBatch, caller: Requester) -> KeptBatch:
    wish, now = asked.wish, bridge.now()
    return KeptBatch(
        id=mint_job_id(now).replace("job", "batch", 1),
        name=wish.name or None,
        flash=asked.flash,
        max_parallel=wish.max_parallel,
        max_failures=wish.failures_borne,
        max_failure_percent=wish.max_failure_percent,
        created_at=now,
        idempotency_key=wish.idempotency_key,
        fingerprint=asked.fingerprint,
        asked_by=caller,
    )


def _steered(batch: KeptBatch) -> SteeredBatch:
    return SteeredBatch(
        batch_id=batch.id,
        status=batch.status,
        requested="cancel" if batch.is_cancelling and batch.is_open else None,
    )


def _jobs(bridge: BridgeState) -> Jobs:
    return {job.job_id: job for job in bridge.fleet.jobs()}
