"""The one who marks the devices of a batch that are much slower than its others.

The marks are kept with the batch: when its jobs are forgotten, it is still known which were slow.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence

from flashyard.contract.batches import Slow
from flashyard.contract.phases import Status
from flashyard.contract.records import Job
from flashyard_bridge.batches.kept import KeptBatch, KeptItem
from flashyard_bridge.batches.sights import Jobs
from flashyard_bridge.batches.slowness import LEAST_OTHERS, Seen, judge
from flashyard_bridge.state import BridgeState

EVERY = 1.0  # s between two looks at a batch under way; its jobs may end one after the other


class Marking:
    """Looks when it is asked to, if it is time; ``bridge``: whose jobs and batches."""

    def __init__(self, bridge: BridgeState) -> None:
        self._bridge = bridge
        self._items: dict[str, Sequence[KeptItem]] = {}  # by batch, as they were last
        self._looked: dict[str, float] = {}  # by batch: when, by the loop's clock

    def keep(self, batches: Iterable[KeptBatch]) -> None:
        """Forget all other batches."""
        ids = {batch.id for batch in batches}
        self._items = {each: items for each, items in self._items.items() if each in ids}
        self._looked = {each: at for each, at in self._looked.items() if each in ids}

    def note(self, batch_id: str, items: Sequence[KeptItem]) -> None:
        """Take a batch's devices as they are now."""
        self._items[batch_id] = items

    async def look(self, batch_id: str, jobs: Jobs) -> None:
        """Mark those that are slow by now, and take back marks that do not hold any more.

        It goes before the step that may end a batch: who hears of the end finds the marks, too.

        Raises:
            FaultError: `database_unreachable`.
        """
        items = self._items.get(batch_id, ())
        if not self._is_due(batch_id, items, jobs):
            return
        seen = dict(self._seen(items, jobs))
        if len(seen) <= LEAST_OTHERS:
            return
        found = await asyncio.to_thread(judge, seen, self._bridge.now())
        marks = {
            item.number: found[item.job_id]
            for item in items
            if item.job_id is not None
            and item.job_id in found
            and self._is_news(item, found[item.job_id], seen[item.job_id])
        }
        if marks:
            await self._bridge.batches.mark(batch_id, marks)

    def _is_due(self, batch_id: str, items: Sequence[KeptItem], jobs: Jobs) -> bool:
        now = asyncio.get_running_loop().time()
        theirs = (jobs.get(item.job_id or "") for item in items if not item.is_final)
        is_over = all(job is not None and job.is_final for job in theirs)
        if not is_over and now - self._looked.get(batch_id, -EVERY) < EVERY:
            return False
        self._looked[batch_id] = now
        return True

    def _seen(self, items: Sequence[KeptItem], jobs: Jobs) -> Iterator[tuple[str, Seen]]:
        """Yield what was heard of the jobs that can be compared."""
        limited = {hub.hub_id for hub in self._bridge.fleet.hubs() if hub.limits.bandwidth_limit}
        paces = self._bridge.outlook.paces.snapshot()
        for item in items:
            job, pace = jobs.get(item.job_id or ""), paces.get(item.job_id or "")
            if job is None or pace is None or item.hub_id in limited or not _is_comparable(job):
                continue
            yield job.job_id, Seen(pace, job.bytes_transferred)

    def _is_news(self, item: KeptItem, slow: Slow | None, seen: Seen) -> bool:
        """Is a mark to be set or taken back? Who has not heard all takes back nothing."""
        known = item.mark
        if slow is None:
            return known is not None and seen.pace.is_whole
        if known is not None and (known.phase, known.factor) == (slow.phase, slow.factor):
            return False
        device = self._bridge.fleet.device(item.hub_id, item.device_id)
        return device is None or not device.bandwidth_limit


def _is_comparable(job: Job) -> bool:
    return not (job.bandwidth_limit or job.lost or job.status is Status.PAUSED)
