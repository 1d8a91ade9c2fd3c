"""Steering a job that is there: cancel; what else there will be is refused by its name."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Depends

from flashyard.contract.faults import Code, refuse
from flashyard.contract.model import Model
from flashyard.contract.phases import FINAL_STATUS, Status
from flashyard.contract.records import Job
from flashyard_bridge.choice import online_hub
from flashyard_bridge.errors import ANY_ERROR, documented
from flashyard_bridge.orders import cancel_order
from flashyard_bridge.rest.body import require_json
from flashyard_bridge.rest.jobs import job_of
from flashyard_bridge.state import Bridge, BridgeState

_ANSWERS = documented(Code.UNKNOWN_JOB, Code.ALREADY_FINAL, Code.NOT_SUPPORTED)

router = APIRouter(tags=["jobs"], responses=ANY_ERROR, dependencies=[Depends(require_json)])


class Steered(Model):
    """A job's status as it is now, and what was asked of it that has not happened yet."""

    success: Literal[True] = True
    job_id: str
    status: Status
    requested: Literal["cancel"] | None = None


@router.post(
    "/api/flash/job/{job_id}/cancel",
    operation_id="cancelJob",
    summary="Cancel a job",
    response_model_exclude_none=True,
    responses=documented(
        Code.UNKNOWN_JOB,
        Code.ALREADY_FINAL,
        Code.ILLEGAL_STATE,
        Code.DEVICE_OFFLINE,
        Code.BROKER_UNREACHABLE,
        Code.HUB_NO_ANSWER,
    ),
)
@router.post("/api/flash/cancel/{job_id}", include_in_schema=False)
async def cancel(job_id: str, bridge: Bridge) -> Steered:
    """End a job at its next safe point; one that waits ends at once."""
    job = _unfinished(bridge, job_id)
    hub = online_hub(bridge.fleet, job.hub_id)
    order = cancel_order(job_id, hub.session, bridge.now())
    receipt = await bridge.orders.cancel(hub.hub_id, order)
    ended = receipt.status in FINAL_STATUS
    return Steered(job_id=job_id, status=receipt.status, requested=None if ended else "cancel")


@router.post(
    "/api/flash/job/{job_id}/pause",
    operation_id="pauseJob",
    summary="Pause a job (not supported yet)",
    responses=_ANSWERS,
)
@router.post("/api/flash/pause/{job_id}", include_in_schema=False)
async def pause(job_id: str, bridge: Bridge) -> Steered:
    """Refuse: jobs cannot be paused yet."""
    _unfinished(bridge, job_id)
    raise refuse(Code.NOT_SUPPORTED, "Jobs cannot be paused yet.", hint="Cancel it, or let it run.")


@router.post(
    "/api/flash/job/{job_id}/resume",
    operation_id="resumeJob",
    summary="Resume a job (not supported yet)",
    responses=_ANSWERS,
)
@router.post("/api/flash/resume/{job_id}", include_in_schema=False)
async def resume(job_id: str, bridge: Bridge) -> Steered:
    """Refuse: jobs cannot be paused yet, so there is nothing to resume."""
    _unfinished(bridge, job_id)
    raise refuse(Code.NOT_SUPPORTED, "Jobs cannot be resumed yet.", hint="Nothing is paused.")


@router.patch(
    "/api/flash/job/{job_id}",
    operation_id="changeJob",
    summary="Change a job (not supported yet)",
    responses=documented(Code.UNKNOWN_JOB, Code.NOT_SUPPORTED),
)
async def change(job_id: str, bridge: Bridge) -> Steered:
    """Refuse: a job's priority and bandwidth cannot be changed yet."""
    job_of(bridge, job_id)
    raise refuse(
        Code.NOT_SUPPORTED, "Jobs cannot be changed yet.", hint="Cancel it and start another."
    )


def _unfinished(bridge: BridgeState, job_id: str) -> Job:
    job = job_of(bridge, job_id)
    if job.is_final:
        raise refuse(Code.ALREADY_FINAL, f"The job {job_id} has already ended: {job.status}.")
    return job
