"""A hub from its start to an end in order, whoever asks for the end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from flashyard.agent.hub import Hub
from flashyard.agent.identity import hub_id_of
from flashyard.link import tls_for
from flashyard.settings import HubSettings


async def serve(settings: HubSettings, ready: Callable[[str], None]) -> None:
    """Run a hub until cancelled, which it takes as a wish: its jobs reach a safe point first.

    Args:
        settings: the operator's.
        ready: called once, with the broker's address (without credentials) and the hub's id, when
            orders are taken and every device was looked at once.

    Raises:
        FaultError: `duplicate_hub_id`; `invalid_request` where the broker's URL is none, has
            another user than the hub's id, or a file for TLS cannot be used.
        OSError: the data directory cannot be used.
    """
    hub = Hub(settings, hub_id_of(settings), tls=tls_for(settings))
    life = asyncio.create_task(hub.run(ready), name=f"hub {hub.hub_id}")
    try:
        await asyncio.shield(life)
    except asyncio.CancelledError:
        hub.stop()
        await life
        raise
