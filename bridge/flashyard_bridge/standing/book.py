"""The standing orders and their marks, asked for without blocking; it says when they changed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from sqlalchemy import Connection

from flashyard.contract.records import Device
from flashyard.contract.standing import Standing, StandingOrder
from flashyard_bridge.database.database import Database
from flashyard_bridge.standing import marks, orders
from flashyard_bridge.standing.decision import Crowd, Marks, governing, judge, means
from flashyard_bridge.standing.mark import Mark


class Book:
    """What is kept of standing orders. Every method raises `database_unreachable`.

    Args:
        database: that it is kept in.
        now: Unix ms.

    Attributes:
        changed: set whenever an order was.
    """

    def __init__(self, database: Database, now: Callable[[], int]) -> None:
        self.changed = asyncio.Event()
        self._database = database
        self._now = now

    async def all(self) -> list[StandingOrder]:
        """List the orders, the oldest first."""
        return await self._database.read(orders.all_orders)

    async def get(self, order_id: str) -> StandingOrder:
        """Look one up; raises `unknown_standing_order`, as all that follow."""
        return await self._database.read(partial(orders.one_order, order_id=order_id))

    async def one_with(self, sha256: str) -> StandingOrder | None:
        """Find one that is enabled and needs an image, in whatever place of its start."""
        return next(
            (o for o in await self.all() if o.enabled and f'"{sha256}"' in json.dumps(o.flash)),
            None,
        )

    async def add(self, wish: Mapping[str, Any]) -> StandingOrder:
        """Make one; see `orders.add_order`."""
        return await self._change(partial(orders.add_order, wish=wish, now=self._now()))

    async def change(self, order_id: str, wish: Mapping[str, Any]) -> StandingOrder:
        """Change one; see `orders.change_order`."""
        return await self._change(partial(orders.change_order, order_id=order_id, wish=wish))

    async def remove(self, order_id: str) -> None:
        """Remove one; a job of it goes on."""
        await self._database.write(partial(orders.remove_order, order_id=order_id))
        self.changed.set()

    async def find(self, order_ids: Iterable[str], serials: Iterable[str]) -> Mapping[str, Marks]:
        """Find, by order, the marks of these serials, and all that run."""
        look = partial(marks.find_marks, order_ids=list(order_ids), serials=list(serials))
        return await self._database.read(look)

    async def claim(self, order: StandingOrder, mark: Mark, seen: Mark | None) -> bool:
        """Be the one who starts; see `marks.claim`."""
        return await self._database.write(partial(marks.claim, order=order, mark=mark, seen=seen))

    async def note_refusal(
        self, order: StandingOrder, mark: Mark, seen: Mark | None
    ) -> StandingOrder | None:
        """Note a try that came to no job."""
        note = partial(marks.note_refusal, order=order, mark=mark, seen=seen)
        return await self._database.write(note)

    async def release(self, order_id: str, mark: Mark) -> None:
        """Take back a claim of which nothing came."""
        await self._database.write(partial(marks.release, order_id=order_id, mark=mark))

    async def follow(self, order_id: str, mark: Mark, job_id: str) -> None:
        """Look at another job from now on."""
        turn = partial(marks.follow, order_id=order_id, mark=mark, job_id=job_id)
        await self._database.write(turn)

    async def settle(self, order_id: str, mark: Mark, end: marks.End) -> StandingOrder | None:
        """Note and count an end; None: somebody else did."""
        note = partial(marks.settle, order_id=order_id, mark=mark, end=end)
        return await self._database.write(note)

    async def note_sights(self, seen: Iterable[tuple[str, Mark]]) -> None:
        """Keep what was seen of devices that failed."""
        kept = list(seen)

        def note(connection: Connection) -> None:
            for order_id, mark in kept:
                marks.note_sight(connection, order_id, mark)

        if kept:
            await self._database.write(note)

    async def standings(
        self, devices: Sequence[Device], everybody: Iterable[Device]
    ) -> Sequence[Standing | None]:
        """Tell of each device how it stands with the order it is under, among everybody.

        Where none that is enabled means it, what another did with it last is told.
        """
        known = await self.all()
        if not known:
            return [None] * len(devices)
        serials = {device.serial for device in devices if device.serial}
        found = await self.find([each.id for each in known], serials)
        crowd = Crowd.of(everybody, ())
        return [_standing(known, found, device, crowd) for device in devices]

    async def _change(self, work: Callable[[Connection], StandingOrder]) -> StandingOrder:
        order = await self._database.write(work)
        self.changed.set()
        return order


def _standing(
    known: Iterable[StandingOrder], found: Mapping[str, Marks], device: Device, crowd: Crowd
) -> Standing | None:
    serial = device.serial or ""
    order = governing(known, device)
    if order is None:
        done = (each for each in known if serial in found[each.id] and means(each, device))
        order = max(done, key=lambda each: found[each.id][serial].at, default=None)
    if order is None:
        return None
    verdict = judge(device, found[order.id].get(serial), crowd)
    return Standing(id=order.id, name=order.name, done=verdict.done, why=verdict.why)
