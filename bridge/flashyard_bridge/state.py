"""What a running bridge is made of, as its lifespan hands it to every request.

The lifespan yields ``{"bridge": BridgeState(...)}``; a route takes it as ``Bridge``, a
middleware or a WebSocket as ``scope["state"]["bridge"]``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request

from flashyard.contract.faults import Code, refuse
from flashyard.contract.topics import Topic
from flashyard.contract.tracked import Frame
from flashyard.link import Link
from flashyard_bridge.audit.trail import Trail
from flashyard_bridge.batches.book import Batches
from flashyard_bridge.database.database import Database
from flashyard_bridge.exports import Exports
from flashyard_bridge.history.history import History
from flashyard_bridge.images.store import ImageStore
from flashyard_bridge.learning.outlook import Outlook
from flashyard_bridge.orders import Orders
from flashyard_bridge.picture.fleet import Fleet
from flashyard_bridge.rollback.ledger import Ledger
from flashyard_bridge.standing.book import Book

# The first picture is complete 3 s after the broker is there (contract 4); with no broker by
# then, a read has nothing true to tell.
PICTURE_DEADLINE = 5.0


@dataclass(frozen=True, slots=True)
class BridgeState:
    """The parts of a bridge.

    Attributes:
        now: the bridge's clock, Unix ms.
        link: to the broker.
        fleet: the picture of hubs, devices and jobs.
        orders: sends orders to hubs; intake hands it their receipts.
        images: the image store; also signs and checks the hubs' downloads.
        database: what must outlive a bridge, but for the images.
        standing: the standing orders, in that database.
        batches: the batches, in the same.
        ledger: what was last written well where, in that database.
        outlook: what is to be expected of the jobs under way.
        history: the jobs that ended, in the same.
        trail: who asked for what, and what came of it, in the same.
        publish: hands frames to the WebSocket side, in order; never waits.
        first_picture: set once ``fleet.complete``.
        exports: the files that are written for clients now.
    """

    now: Callable[[], int]
    link: Link
    fleet: Fleet
    orders: Orders
    images: ImageStore
    database: Database
    standing: Book
    batches: Batches
    ledger: Ledger
    outlook: Outlook
    history: History
    trail: Trail
    publish: Callable[[Sequence[Frame]], None]
    first_picture: asyncio.Event
    exports: Exports = field(default_factory=Exports)

    async def pictured(self) -> None:
        """Wait until the first picture is complete.

        Raises:
            FaultError: `broker_unreachable`, where there is none within 5 s.
        """
        try:
            async with asyncio.timeout(PICTURE_DEADLINE):
                await self.first_picture.wait()
        except TimeoutError:
            raise refuse(
                Code.BROKER_UNREACHABLE,
                "The bridge does not know its hubs yet: it has not reached the MQTT broker.",
            ) from None

    async def clear(self, topic: Topic) -> None:
        """Remove a retained fact from the broker.

        Raises:
            FaultError: `broker_unreachable`.
        """
        if not await self.link.publish_and_confirm(str(topic), b"", retain=True):
            raise refuse(Code.BROKER_UNREACHABLE, details=self.link.down_reason)


def bridge_of(request: Request) -> BridgeState:
    """Take the bridge's parts from the lifespan's state."""
    state: BridgeState = request.state.bridge
    return state


async def pictured_bridge_of(request: Request) -> BridgeState:
    """Take them once the first picture is complete."""
    state = bridge_of(request)
    await state.pictured()
    return state


AnyTimeBridge = Annotated[BridgeState, Depends(bridge_of)]
Bridge = Annotated[BridgeState, Depends(pictured_bridge_of)]
