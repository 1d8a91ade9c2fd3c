"""Whether a bridge is there, knows its hubs, and by how much our clocks differ. It needs no token.

Source: the public contract, section 2, GET /api/v1/ready.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

import httpx
from pydantic import ValidationError

from flashyard.client.bridge import reason_of, uses_proxy
from flashyard.client.unreachable import UnreachableError
from flashyard.contract.model import Millis, Model


class Ready(Model):
    """GET /api/v1/ready, as far as a client needs it."""

    ok: bool
    timestamp: Millis


class Readiness(NamedTuple):
    """What a bridge answered.

    Attributes:
        ok: can it answer reads yet?
        ahead_ms: how far this host's clock is ahead of the bridge's.
        within_ms: half the round trip, by which that may be wrong.
    """

    ok: bool
    ahead_ms: int
    within_ms: int


async def readiness(url: str, within: float, now: Callable[[], float] = time.time) -> Readiness:
    """Ask a bridge; ``now``: Unix seconds.

    Raises:
        UnreachableError: nothing answers within so many seconds, or what answers is no bridge.
    """
    url = url.rstrip("/")
    async with httpx.AsyncClient(timeout=within, trust_env=uses_proxy(url)) as http:
        asked = now()
        try:
            answer = await http.get(f"{url}/api/v1/ready")
        except httpx.TransportError as error:
            raise UnreachableError(url, reason_of(error)) from error
        heard = now()
    try:
        said = Ready.decode(answer.content)
    except ValidationError as error:
        reason = f"answers {answer.status_code} to /api/v1/ready as no bridge does"
        raise UnreachableError(url, reason) from error
    half = (heard - asked) / 2
    return Readiness(said.ok, round((asked + half) * 1000) - said.timestamp, round(half * 1000))
