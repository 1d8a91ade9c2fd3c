"""What the ended jobs on record add up to."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query, Response

from flashyard.contract.faults import Code
from flashyard.contract.statistics import Statistics
from flashyard_bridge.errors import ANY_ERROR, documented
from flashyard_bridge.history.statistics.question import Question
from flashyard_bridge.rest.sought import SoughtQuery
from flashyard_bridge.state import AnyTimeBridge

MAX_ENTRIES = 500
MAX_DAYS = 366

router = APIRouter(tags=["history"], responses=ANY_ERROR)


class StatisticsQuery(SoughtQuery):
    """Which ended jobs to count, and how much to tell of them."""

    limit: Annotated[
        int, Query(ge=1, le=MAX_ENTRIES, strict=False, description="entries of each list but days")
    ] = 20
    days: Annotated[
        int, Query(ge=1, le=MAX_DAYS, strict=False, description="days on which a job ended")
    ] = MAX_DAYS


@router.get(
    "/api/flash/stats",
    operation_id="getStats",
    summary="Count ended jobs",
    response_model=Statistics,
    response_model_exclude_none=True,
    responses=documented(Code.INVALID_REQUEST, Code.RATE_LIMITED, Code.DATABASE_UNREACHABLE),
)
async def stats(query: Annotated[StatisticsQuery, Query()], bridge: AnyTimeBridge) -> Response:
    """Tell how the jobs ended that are on record, how long they took, and how fast they were.

    A job of several partitions counts once for each of them, and once for each of its images; of
    one that failed those count that did. What failed most often comes first, and the newest day.
    """
    told = await bridge.history.statistics(Question(query.sought, query.limit, query.days))
    body = await asyncio.to_thread(told.encode)
    return Response(body, media_type="application/json")
