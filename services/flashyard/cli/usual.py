"""What is usual for jobs that are not started yet, as a bridge's history has it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from flashyard.client.answers import StartRequest
from flashyard.client.bridge import Bridge
from flashyard.client.unreachable import UnreachableError
from flashyard.contract.expected import Expected
from flashyard.contract.faults import FaultError

_AT_ONCE = 8  # questions under way
_MOST = 64  # devices; of more the others are left out

Usual = Mapping[tuple[str | None, str], Expected]  # by hub and device
NOBODY_KNOWS: Usual = MappingProxyType({})


async def usual_for(bridge: Bridge, requests: Sequence[StartRequest]) -> Usual:
    """Ask what each of these starts would take; one of which nobody can tell is left out."""
    gate = asyncio.Semaphore(_AT_ONCE)

    async def ask(request: StartRequest) -> Expected | None:
        async with gate:
            try:
                return await bridge.expected(request)
            except (FaultError, UnreachableError):
                return None  # a plan is shown without it, too

    some = requests[:_MOST]
    told = await asyncio.gather(*map(ask, some))
    return {
        (request.hub_id, request.device_id): expected
        for request, expected in zip(some, told, strict=True)
        if expected is not None
    }
