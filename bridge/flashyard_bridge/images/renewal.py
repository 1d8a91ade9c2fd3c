"""Fresh signatures for the images of jobs (contract 4).

A queue may be longer than a day, a pause too, and so may a hub be away that comes back with both.
Keeps no record of what it sent: renewing once too often costs a few hundred bytes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NoReturn

from flashyard.contract.messages import HubChanged, HubGone
from flashyard.contract.orders import ImageOrder
from flashyard.contract.topics import Kind, build
from flashyard.contract.tracked import Frame
from flashyard_bridge.images.signature import VALID_FOR
from flashyard_bridge.orders import order_for
from flashyard_bridge.state import BridgeState

EVERY = VALID_FOR / 4  # s; one that does not arrive is made up for in good time


class Renewal:
    """Renews now and then, and at once for a hub that has come back."""

    def __init__(self, bridge: BridgeState) -> None:
        self._bridge = bridge
        self._sessions: dict[str, str] = {}
        self._came = asyncio.Event()

    def hear(self, frames: Sequence[Frame]) -> None:
        """Take what the fleet tells; of a hub that has said all, what it waits for is known."""
        for message in (frame.message for frame in frames):
            if isinstance(message, HubGone):
                self._sessions.pop(message.hub_id, None)
            elif isinstance(message, HubChanged):
                hub = message.hub
                is_new = self._sessions.get(hub.hub_id) != hub.session
                if hub.online and hub.announced is not None and is_new:
                    self._sessions[hub.hub_id] = hub.session
                    self._came.set()

    async def run(self) -> NoReturn:
        """Renew for ever, first when the first picture shows what waits."""
        await self._bridge.first_picture.wait()
        while True:
            self._came.clear()
            await renew(self._bridge)
            try:
                async with asyncio.timeout(EVERY):
                    await self._came.wait()
            except TimeoutError:
                continue


async def renew(bridge: BridgeState) -> None:
    """Send the hub of each job that is not over new signatures for its images."""
    hubs = {hub.hub_id: hub for hub in bridge.fleet.hubs() if hub.online}
    for job in bridge.fleet.jobs():
        if not job.is_active or job.hub_id not in hubs:
            continue
        for sha256 in await bridge.images.needed(job):
            order = order_for(
                hubs[job.hub_id],
                bridge.now(),
                ImageOrder,
                job_id=job.job_id,
                sha256=sha256,
                query=bridge.images.signature.sign(sha256, job.hub_id),
            )
            await bridge.link.publish_and_confirm(build(Kind.ORDER, job.hub_id), order.encode())
