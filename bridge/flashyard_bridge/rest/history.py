"""The jobs that ended: for now those a bridge remembers, in memory and bounded."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query

from flashyard.contract.faults import Code
from flashyard.contract.model import DeviceId, HubId, Model, Partition
from flashyard.contract.records import Job
from flashyard_bridge.errors import ANY_ERROR, documented, reject
from flashyard_bridge.rest import cursor
from flashyard_bridge.rest.jobs import PAGE
from flashyard_bridge.state import Bridge

_SAFE_INTEGER = 2**53 - 1
_DEFAULT = 50  # jobs a page, as many as the original's clients ask for

router = APIRouter(tags=["jobs"], responses=ANY_ERROR)


class History(Model):
    """A page of ended jobs, the newest first; ``count`` is the page's."""

    history: tuple[Job, ...]
    count: int
    next_cursor: str | None = None


class HistoryQuery(Model):
    """Which ended jobs to list."""

    device_id: DeviceId | None = None
    hub_id: HubId | None = None
    status: Literal["completed", "failed", "cancelled"] | None = None
    partition: Partition | None = None
    since: Annotated[
        int,
        Query(ge=0, le=_SAFE_INTEGER, strict=False, description="Unix ms; ended then or later"),
    ] = 0
    until: Annotated[
        int, Query(ge=0, le=_SAFE_INTEGER, strict=False, description="Unix ms; ended before")
    ] = _SAFE_INTEGER
    q: Annotated[
        str, Query(max_length=200, description="a part of an id, a name or the error, in any case")
    ] = ""
    limit: Annotated[int, Query(ge=1, le=PAGE, strict=False)] = _DEFAULT
    cursor: Annotated[str, Query(max_length=200)] | None = None
    format: Annotated[
        Literal["json", "csv", "jsonl"],
        Query(description="others than `json` are not supported yet"),
    ] = "json"

    def wants(self, job: Job) -> bool:
        """Is it one of them?"""
        return (
            job.is_final
            and self.device_id in {None, job.device_id}
            and self.hub_id in {None, job.hub_id}
            and self.status in {None, job.status}
            and self.partition in {None, job.partition}
            and self.since <= _place(job)[0] < self.until
            and self._mentions(job)
        )

    def _mentions(self, job: Job) -> bool:
        image = job.image.name if job.image else None
        said = (job.job_id, job.device_id, job.device_name, job.partition, image, job.error)
        return any(self.q.casefold() in (text or "").casefold() for text in said)


@router.get(
    "/api/flash/history",
    operation_id="listHistory",
    summary="List ended jobs",
    response_model_exclude_none=True,
    responses=documented(Code.INVALID_REQUEST, Code.NOT_SUPPORTED, Code.BROKER_UNREACHABLE),
)
async def list_history(query: Annotated[HistoryQuery, Query()], bridge: Bridge) -> History:
    """List the jobs that ended and that this bridge remembers, the newest first."""
    if query.format != "json":
        raise reject(Code.NOT_SUPPORTED, "format", f"cannot be `{query.format}` yet.")
    jobs = sorted(filter(query.wants, bridge.fleet.jobs()), key=_place, reverse=True)
    if query.cursor is not None:
        after = cursor.decode(query.cursor)
        jobs = [job for job in jobs if _place(job) < after]
    page = jobs[: query.limit]
    more = len(jobs) > len(page)
    return History(
        history=tuple(page),
        count=len(page),
        next_cursor=cursor.encode(_place(page[-1])) if more else None,
    )


def _place(job: Job) -> cursor.Place:
    return job.finished_at or job.queued_at, job.job_id
