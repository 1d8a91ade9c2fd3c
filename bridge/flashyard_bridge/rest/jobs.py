"""Looking at jobs: lists, one job, its log, and the same under the original's other names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from fastapi import APIRouter, Query

from flashyard.contract.faults import Code, FaultError, refuse
from flashyard.contract.model import DeviceId, HubId, Model
from flashyard.contract.records import Job, LogLine
from flashyard_bridge.errors import ANY_ERROR, documented
from flashyard_bridge.rest import cursor
from flashyard_bridge.rest.turns import in_turn
from flashyard_bridge.state import Bridge, BridgeState

PAGE = 1_000  # jobs; also the default, so that the original's clients see them all

router = APIRouter(tags=["jobs"], responses=ANY_ERROR)


class JobList(Model):
    """A page of jobs; ``next_cursor`` is there while there is more."""

    jobs: tuple[Job, ...]
    next_cursor: str | None = None


class OneJob(Model):
    """One job."""

    job: Job


class JobLog(Model):
    """The last 500 lines of a job's log."""

    lines: tuple[LogLine, ...]


class Operations(Model):
    """The queued, running and paused jobs."""

    success: Literal[True] = True
    count: int
    operations: tuple[Job, ...]


class FlatJob(Job):
    """A job with its success beside it, which says only that it was found."""

    success: Literal[True] = True


class JobsQuery(Model):
    """Which jobs to list."""

    status: Literal[
        "active", "all", "queued", "running", "paused", "completed", "failed", "cancelled"
    ] = "active"
    device_id: DeviceId | None = None
    hub_id: HubId | None = None
    limit: Annotated[int, Query(ge=1, le=PAGE, strict=False)] = PAGE
    cursor: Annotated[str, Query(max_length=200)] | None = None

    def wants(self, job: Job) -> bool:
        """Is it one of them?"""
        if self.status == "active" and not job.is_active:
            return False
        if self.status not in {"active", "all", job.status}:
            return False
        return self.device_id in {None, job.device_id} and self.hub_id in {None, job.hub_id}


async def job_of(bridge: BridgeState, job_id: str) -> Job:
    """Find a job, in the history where it is not remembered any more.

    Raises:
        FaultError: `unknown_job`: neither has it; `database_unreachable`: who knows.
    """
    job = bridge.fleet.job(job_id) or await bridge.history.job(job_id)
    if job is None:
        raise refuse(Code.UNKNOWN_JOB)
    return job


async def _log_of(bridge: BridgeState, job_id: str) -> Sequence[LogLine]:
    """Find a job's log; a bridge that came later has heard nothing of it."""
    heard = bridge.fleet.log(job_id)
    if heard:
        return heard
    try:
        kept = await bridge.history.log(job_id)
    except FaultError:
        if heard is None:
            raise
        return heard
    if kept is None and heard is None:
        raise refuse(Code.UNKNOWN_JOB)
    return kept or []


@router.get(
    "/api/flash/jobs",
    operation_id="listJobs",
    summary="List jobs",
    response_model_exclude_none=True,
    responses=documented(Code.INVALID_REQUEST, Code.BROKER_UNREACHABLE),
)
async def list_jobs(query: Annotated[JobsQuery, Query()], bridge: Bridge) -> JobList:
    """List the active jobs, or those of a status: the oldest first, a device's queue in its order.

    Priorities and changes of them put a younger job before an older one of the same device.
    """
    jobs = in_turn(filter(query.wants, bridge.fleet.jobs()))
    if query.cursor is not None:
        after = cursor.decode(query.cursor)
        jobs = [each for each in jobs if each.place > after]
    page = jobs[: query.limit]
    more = len(jobs) > len(page)
    return JobList(
        jobs=tuple(bridge.outlook.tell_briefly(each.job) for each in page),
        next_cursor=cursor.encode(page[-1].place) if more else None,
    )


@router.get(
    "/api/flash/job/{job_id}",
    operation_id="getJob",
    summary="Look at a job",
    response_model_exclude_none=True,
    responses=documented(Code.UNKNOWN_JOB, Code.BROKER_UNREACHABLE, Code.DATABASE_UNREACHABLE),
)
async def get_job(job_id: str, bridge: Bridge) -> OneJob:
    """Look at a job, ended ones too as long as they are on record."""
    return OneJob(job=await bridge.outlook.tell_now(await job_of(bridge, job_id)))


@router.get(
    "/api/flash/job/{job_id}/log",
    operation_id="getJobLog",
    summary="Read a job's log",
    responses=documented(Code.UNKNOWN_JOB, Code.BROKER_UNREACHABLE, Code.DATABASE_UNREACHABLE),
)
async def get_log(job_id: str, bridge: Bridge) -> JobLog:
    """Read the last 500 lines, the device's own INFO lines among them.

    Of a job that is not remembered, but on record, it is the last 16 KiB.
    """
    return JobLog(lines=tuple(await _log_of(bridge, job_id)))


@router.get(
    "/api/flash/operations/active",
    operation_id="listActiveOperations",
    summary="List active jobs, as the original's main server does",
    response_model_exclude_none=True,
    responses=documented(Code.BROKER_UNREACHABLE),
)
async def active_operations(bridge: Bridge) -> Operations:
    """List the queued, running and paused jobs."""
    jobs = in_turn(job for job in bridge.fleet.jobs() if job.is_active)
    operations = tuple(bridge.outlook.tell_briefly(each.job) for each in jobs)
    return Operations(count=len(jobs), operations=operations)


@router.get(
    "/api/flash/status/{job_id}",
    operation_id="getJobStatus",
    summary="Look at a job, as the original's main server shows it",
    response_model_exclude_none=True,
    responses=documented(Code.UNKNOWN_JOB, Code.BROKER_UNREACHABLE, Code.DATABASE_UNREACHABLE),
)
async def job_status(job_id: str, bridge: Bridge) -> FlatJob:
    """Look at a job, its fields beside `success`."""
    return FlatJob(**dict(await bridge.outlook.tell_now(await job_of(bridge, job_id))))
