"""AsyncAPI: the WebSocket and MQTT side of the contract, generated from the same models."""

from __future__ import annotations

from functools import cache
from typing import Any

from fastapi import APIRouter

import flashyard
from flashyard.contract.schema import asyncapi

router = APIRouter(include_in_schema=False)


@cache
def _document() -> dict[str, Any]:
    return asyncapi(flashyard.__version__)


@router.get("/asyncapi.json")
async def describe() -> dict[str, Any]:
    """Describe what is said over WebSocket and MQTT (AsyncAPI 3)."""
    return _document()
