"""The jobs that ended, from the database: found, told, and exported."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from flashyard.contract.faults import Code, refuse
from flashyard.contract.history import HistoryPage, PastJob
from flashyard.contract.model import Model
from flashyard_bridge.errors import ANY_ERROR, documented, reject
from flashyard_bridge.history.history import History
from flashyard_bridge.history.past import ended_at
from flashyard_bridge.history.sought import FOREVER, Place, Sought
from flashyard_bridge.rest import cursor
from flashyard_bridge.rest.export import Export, described, pages_of
from flashyard_bridge.rest.history_sheet import SHEET
from flashyard_bridge.rest.jobs import PAGE
from flashyard_bridge.rest.sought import SoughtQuery
from flashyard_bridge.state import AnyTimeBridge

_DEFAULT = 50  # jobs a page, as many as the original's clients ask for

router = APIRouter(tags=["history"], responses=ANY_ERROR)


class OnePastJob(Model):
    """An ended job, with all that is on record of it but its log."""

    job: PastJob


class HistoryQuery(SoughtQuery):
    """Which ended jobs to list, and how."""

    limit: Annotated[
        int | None,
        Query(
            ge=1,
            le=FOREVER,
            strict=False,
            description=f"jobs at most: of a page {_DEFAULT} by default and {PAGE} at most, of an "
            "export all by default",
        ),
    ] = None
    cursor: Annotated[str, Query(max_length=200)] | None = None
    format: Annotated[
        Literal["json", "csv", "jsonl"],
        Query(description="`json` is a page; `csv` and `jsonl` a file of all"),
    ] = "json"


@router.get(
    "/api/flash/history",
    operation_id="listHistory",
    summary="List ended jobs",
    response_model=HistoryPage,
    response_model_exclude_none=True,
    responses=described()
    | documented(Code.INVALID_REQUEST, Code.RATE_LIMITED, Code.DATABASE_UNREACHABLE),
)
async def list_history(query: Annotated[HistoryQuery, Query()], bridge: AnyTimeBridge) -> Response:
    """List the jobs that ended and are on record, the newest first.

    A page ends at its last job, wherever jobs are stored meanwhile: the next one neither skips
    nor repeats any. A file has all of them; one that breaks off lacks its last chunk.
    """
    before = None if query.cursor is None else cursor.decode(query.cursor)
    if query.format != "json":
        pages = pages_of(partial(_read, bridge.history, query.sought, before), _place, query.limit)
        return Export(bridge.exports, SHEET, query.format, pages)
    limit = query.limit or _DEFAULT
    if limit > PAGE:
        raise reject(Code.INVALID_REQUEST, "limit", f"is at most {PAGE} for a page.")
    page = await bridge.history.page(query.sought, before, limit)
    told = HistoryPage(
        history=page.jobs,
        count=len(page.jobs),
        next_cursor=None if page.last is None else cursor.encode(page.last),
    )
    # A large page is not made on the loop, and it was checked as it was stored.
    body = await asyncio.to_thread(told.encode)
    return Response(body, media_type="application/json")


async def _read(
    history: History, sought: Sought, first: Place | None, after: Place | None, most: int
) -> Sequence[PastJob]:
    return (await history.page(sought, after or first, most)).jobs


def _place(job: PastJob) -> Place:
    return ended_at(job), job.job_id


@router.get(
    "/api/flash/history/{job_id}",
    operation_id="getPastJob",
    summary="Look at an ended job",
    response_model_exclude_none=True,
    responses=documented(Code.UNKNOWN_JOB, Code.DATABASE_UNREACHABLE),
)
async def get_past_job(job_id: str, bridge: AnyTimeBridge) -> OnePastJob:
    """Tell all that is on record of a job that ended; `…/job/{jobId}/log` has its log."""
    job = await bridge.history.job(job_id)
    if job is None:
        raise refuse(
            Code.UNKNOWN_JOB,
            f"The job {job_id} is not on record.",
            hint="Look for it with `flashyard history` or GET /api/flash/history; one that has "
            "not ended with `flashyard ls jobs`.",
        )
    return OnePastJob(job=job)
