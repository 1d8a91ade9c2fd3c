"""What the contract promises and this version does not have: it says so, instead of lying."""

from __future__ import annotations

from typing import NoReturn

from fastapi import APIRouter

from flashyard.contract.faults import Code, refuse
from flashyard_bridge.errors import ANY_ERROR, documented

_ANSWERS = documented(Code.NOT_SUPPORTED)

router = APIRouter(tags=["later"], responses=ANY_ERROR)


@router.get(
    "/api/flash/stats",
    operation_id="getStats",
    summary="Look at statistics (not supported yet)",
    response_model=None,
    status_code=422,
    responses=_ANSWERS,
)
async def stats() -> NoReturn:
    """Refuse: there are no statistics yet."""
    raise refuse(
        Code.NOT_SUPPORTED,
        "There are no statistics yet.",
        hint="GET /api/flash/history lists the ended jobs this bridge remembers.",
    )
