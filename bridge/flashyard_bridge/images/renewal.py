"""Fresh signatures for the images of jobs: a queue or a pause may outlast a day (contract 4).

Keeps no record of what it sent: renewing once too often costs a few hundred bytes.
"""

from __future__ import annotations

import asyncio
from typing import NoReturn

from flashyard.contract.orders import ImageOrder
from flashyard.contract.topics import Kind, build
from flashyard_bridge.images.signature import VALID_FOR
from flashyard_bridge.orders import mint_order_id
from flashyard_bridge.state import BridgeState

EVERY = VALID_FOR / 4  # s; one that does not arrive is made up for in good time


async def keep_signed(bridge: BridgeState) -> NoReturn:
    """Renew for ever, first when the first picture shows what waits."""
    await bridge.first_picture.wait()
    while True:
        await renew(bridge)
        await asyncio.sleep(EVERY)


async def renew(bridge: BridgeState) -> None:
    """Send the hub of each job that is not over new signatures for its images."""
    sessions = {hub.hub_id: hub.session for hub in bridge.fleet.hubs() if hub.online}
    for job in bridge.fleet.jobs():
        if not job.is_active or job.hub_id not in sessions:
            continue
        for sha256 in await bridge.images.needed(job):
            order = ImageOrder(
                order_id=mint_order_id(),
                job_id=job.job_id,
                session=sessions[job.hub_id],
                issued_at=bridge.now(),
                sha256=sha256,
                query=bridge.images.signature.sign(sha256, job.hub_id),
            )
            await bridge.link.publish_and_confirm(build(Kind.ORDER, job.hub_id), order.encode())
