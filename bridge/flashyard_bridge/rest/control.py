"""Steering a job that is there: cancel it, pause it, let it go on, change what it is held to."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends

from flashyard.contract.faults import Code, refuse
from flashyard.contract.model import Model
from flashyard.contract.orders import CancelOrder, LimitsOrder, PauseOrder, ResumeOrder
from flashyard.contract.phases import Status
from flashyard.contract.records import Job
from flashyard_bridge.choice import online_hub
from flashyard_bridge.errors import ANY_ERROR, documented
from flashyard_bridge.orders import order_for
from flashyard_bridge.picture.agreed import is_to_come
from flashyard_bridge.rest.body import require_json
from flashyard_bridge.rest.changes import JobChange, Wanted, change_schema, wanted
from flashyard_bridge.rest.jobs import job_of
from flashyard_bridge.state import Bridge, BridgeState
from flashyard_bridge.witness.action import audited

_ANSWERS = documented(
    Code.UNKNOWN_JOB,
    Code.ALREADY_FINAL,
    Code.ILLEGAL_STATE,
    Code.DEVICE_OFFLINE,
    Code.BROKER_UNREACHABLE,
    Code.DATABASE_UNREACHABLE,
    Code.HUB_NO_ANSWER,
)

router = APIRouter(tags=["jobs"], responses=ANY_ERROR, dependencies=[Depends(require_json)])


class Steered(Model):
    """A job's status as it is now, and what was asked of it that has not happened yet."""

    success: Literal[True] = True
    job_id: str
    status: Status
    requested: Literal["cancel", "pause", "resume"] | None = None


class ChangedJob(Model):
    """A job with what its hub agreed to; ``ignored`` names the fields that mean nothing to us."""

    job: Job
    ignored: tuple[str, ...] = ()


@router.post(
    "/api/flash/job/{job_id}/cancel",
    operation_id="cancelJob",
    summary="Cancel a job",
    response_model_exclude_none=True,
    responses=_ANSWERS,
)
@router.post(
    "/api/flash/cancel/{job_id}", include_in_schema=False, response_model_exclude_none=True
)
@audited("cancel")
async def cancel(job_id: str, bridge: Bridge) -> Steered:
    """End a job at its next safe point; one that waits ends at once."""
    return await _steer(bridge, await _unfinished(bridge, job_id), CancelOrder)


@router.post(
    "/api/flash/job/{job_id}/pause",
    operation_id="pauseJob",
    summary="Pause a job",
    response_model_exclude_none=True,
    responses=_ANSWERS,
)
@router.post("/api/flash/pause/{job_id}", include_in_schema=False, response_model_exclude_none=True)
@audited("pause")
async def pause(job_id: str, bridge: Bridge) -> Steered:
    """Have a job stand still at its next safe point, until it is resumed.

    One that waits is held: others pass it. One that is paused stays so.
    """
    return await _steer(bridge, await _unfinished(bridge, job_id), PauseOrder)


@router.post(
    "/api/flash/job/{job_id}/resume",
    operation_id="resumeJob",
    summary="Resume a job",
    response_model_exclude_none=True,
    responses=_ANSWERS,
)
@router.post(
    "/api/flash/resume/{job_id}", include_in_schema=False, response_model_exclude_none=True
)
@audited("resume")
async def resume(job_id: str, bridge: Bridge) -> Steered:
    """Let a paused job go on from where it stands; a pause that is still to come does not come."""
    return await _steer(bridge, await _unfinished(bridge, job_id), ResumeOrder)


@router.patch(
    "/api/flash/job/{job_id}",
    operation_id="changeJob",
    summary="Change a job's priority or bandwidth",
    response_model_exclude_none=True,
    responses=_ANSWERS | documented(Code.INVALID_REQUEST),
    openapi_extra=change_schema(JobChange),
)
@audited("change_job", JobChange)
async def change(
    job_id: str, bridge: Bridge, change: Annotated[Wanted, Depends(wanted(JobChange))]
) -> ChangedJob:
    """Change what a job is held to, at once; what is not named stays as it is.

    Its place in the queue follows its priority.
    """
    job = await _unfinished(bridge, job_id)
    if change.limits:
        hub = online_hub(bridge.fleet, job.hub_id)
        order = order_for(hub, bridge.now(), LimitsOrder, job_id=job_id, **change.limits)
        await bridge.orders.ask(hub.hub_id, order)
    return ChangedJob(job=bridge.outlook.tell(await job_of(bridge, job_id)), ignored=change.ignored)


async def _steer(
    bridge: BridgeState, job: Job, kind: type[CancelOrder | PauseOrder | ResumeOrder]
) -> Steered:
    # Whether it is paused the hub knows best: our picture may be behind what it did a moment ago.
    hub = online_hub(bridge.fleet, job.hub_id)
    order = order_for(hub, bridge.now(), kind, job_id=job.job_id)
    receipt = await bridge.orders.ask(hub.hub_id, order)
    is_open = is_to_come(order.kind, receipt.status)
    return Steered(
        job_id=job.job_id, status=receipt.status, requested=order.kind if is_open else None
    )


async def _unfinished(bridge: BridgeState, job_id: str) -> Job:
    job = await job_of(bridge, job_id)
    if job.is_final:
        raise refuse(Code.ALREADY_FINAL, f"The job {job_id} has already ended: {job.status}.")
    return job
