"""The batches, asked for and taken further without blocking; it says when they changed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeVar

from sqlalchemy import Connection

from flashyard.contract.batches import Batch, BatchStatus, Slow
from flashyard.contract.faults import Fault
from flashyard_bridge.batches import rows, sights, steps
from flashyard_bridge.batches.kept import Change, KeptBatch, KeptItem
from flashyard_bridge.batches.sights import Jobs
from flashyard_bridge.batches.steps import Step
from flashyard_bridge.database.database import Database
from flashyard_bridge.orders import mint_job_id

T = TypeVar("T")


class Batches:
    """What is kept of batches. Every method raises `database_unreachable`.

    Args:
        database: that it is kept in.
        now: Unix ms.

    Attributes:
        changed: set whenever one was, by hand.
    """

    def __init__(self, database: Database, now: Callable[[], int]) -> None:
        self.changed = asyncio.Event()
        self._database = database
        self._now = now
        self._told: dict[str, int] = {}  # progress of open ones, so that it never falls

    async def add(self, batch: KeptBatch, items: Sequence[KeptItem]) -> KeptBatch:
        """Make one; see `rows.add_batch`."""
        return await self._change(partial(rows.add_batch, batch=batch, items=items))

    async def repeated(self, batch: KeptBatch) -> KeptBatch | None:
        """Find the one that the same request has made; see `rows.with_key`."""
        return await self._database.read(partial(rows.with_key, batch=batch))

    async def tell(self, batch_id: str, jobs: Jobs) -> Batch:
        """Tell all of one; raises `unknown_batch`."""

        def look(connection: Connection) -> tuple[KeptBatch, list[KeptItem]]:
            return rows.one_batch(connection, batch_id), rows.items_of(connection, batch_id)

        batch, items = await self._database.read(look)
        return sights.tell(self._risen(batch, items, jobs), items, jobs)

    async def page(
        self,
        *,
        limit: int,
        statuses: Sequence[BatchStatus],
        job_id: str | None,
        before: rows.Place | None,
        jobs: Jobs,
    ) -> list[Batch]:
        """List some without their devices, the newest first."""
        look = partial(rows.page_of, limit=limit, statuses=statuses, job_id=job_id, before=before)
        told = []
        for batch, counts, slow, items in await self._database.read(look):
            if batch.is_open:
                now = sights.tell(self._risen(batch, items, jobs), items, jobs)
                told.append(now.with_(items=None))
            else:
                told.append(sights.tell_briefly(batch, counts, slow))
        return told

    async def cancel(self, batch_id: str) -> KeptBatch:
        """Cancel one; see `steps.cancel`."""
        return await self._change(partial(steps.cancel, batch_id=batch_id, now=self._now()))

    async def hold(self, batch_id: str, *, is_paused: bool) -> KeptBatch:
        """Have it start nothing more, or go on; see `steps.hold`."""
        return await self._change(partial(steps.hold, batch_id=batch_id, is_paused=is_paused))

    async def one_with(self, sha256: str) -> KeptBatch | None:
        """Find one under way that flashes an image, in whatever place of its start."""
        under_way = await self.under_way()
        wanted = f'"{sha256}"'
        return next((each for each in under_way if wanted in json.dumps(each.flash)), None)

    async def under_way(self) -> list[KeptBatch]:
        """List those that have not ended, the oldest first."""
        found = await self._database.read(rows.open_batches)
        self._told = {batch.id: self._told.get(batch.id, 0) for batch in found}
        return found

    async def step(self, batch_id: str, jobs: Jobs, hubs: Collection[str]) -> Step:
        """Take one further; see `steps.take_step`."""
        now = self._now()
        step = partial(
            steps.take_step,
            batch_id=batch_id,
            look=lambda item: sights.change_of(item, jobs, now),
            mint=mint_job_id,
            now=now,
            hubs=hubs,
            permille=lambda batch, items: sights.permille(batch, items, jobs),
        )
        return await self._database.write(step)

    async def claim_again(self, batch_id: str, item: KeptItem) -> KeptItem | None:
        """Be the one who asks a hub once more; see `steps.claim_again`."""
        claim = partial(steps.claim_again, batch_id=batch_id, seen=item, now=self._now())
        return await self._database.write(claim)

    async def postpone(self, batch_id: str, item: KeptItem, delay: int, why: Fault) -> None:
        """Note that a hub did not take a job, and that it is asked again in so many ms."""
        due_at, said = self._now() + delay, _said(why)
        note = partial(steps.postpone, batch_id=batch_id, seen=item, due_at=due_at, why=said)
        await self._database.write(note)

    async def note(self, batch_id: str, item: KeptItem, change: Change) -> None:
        """Note what became of an item."""
        note = partial(steps.note, batch_id=batch_id, seen=item, change=change)
        await self._change(note)

    async def mark(self, batch_id: str, marks: Mapping[int, Slow | None]) -> None:
        """Mark devices, by their numbers, as slow, or as not so any more."""
        await self._database.write(partial(rows.mark_items, batch_id=batch_id, marks=marks))

    def _risen(self, batch: KeptBatch, items: Sequence[KeptItem], jobs: Jobs) -> KeptBatch:
        """Take what was told last as the least that is told."""
        if not batch.is_open:
            return batch
        least = max(self._told.get(batch.id, 0), sights.permille(batch, items, jobs))
        self._told[batch.id] = least
        return replace(batch, permille=max(batch.permille, least))

    async def _change(self, work: Callable[[Connection], T]) -> T:
        came = await self._database.write(work)
        self.changed.set()
        return came


def _said(why: Fault) -> Mapping[str, str | None]:
    return {
        "code": why.code.value,
        "error": why.sentence[:1000],
        "hint": why.hint and why.hint[:1000],
    }
