"""The one who takes batches further: sees what became of their jobs, and starts the next ones.

It decides nothing itself: `decision` does; and `steps` sees that a device is started once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import NoReturn

from flashyard.contract.batches import ItemStatus
from flashyard.contract.faults import Code, FaultError, fault
from flashyard.contract.messages import FlashCompleted, FlashFailed
from flashyard.contract.tracked import Frame
from flashyard_bridge.batches import steps
from flashyard_bridge.batches.kept import KeptBatch, KeptItem
from flashyard_bridge.batches.marking import Marking
from flashyard_bridge.batches.sights import Jobs
from flashyard_bridge.batches.starting import MAX_TRIES, Starting, failure
from flashyard_bridge.state import BridgeState

EVERY = 2.0  # s; another bridge may have changed a batch, and nobody said so
PAUSE = 0.1  # s; what comes in a burst is looked at once
ASK_AGAIN = 10.0  # s after a cancel that its job has not heeded
FOUND = 30.0  # s in which an online hub tells of a job it has

_log = logging.getLogger(__name__)


class Overseer:
    """Acts for as long as :meth:`run` runs.

    Args:
        bridge: the parts of a bridge.
        lost_after: seconds of silence after which a hub is not waited for any more.
    """

    def __init__(self, bridge: BridgeState, *, lost_after: float = 600.0) -> None:
        self._bridge = bridge
        self._batches = bridge.batches
        self._starting = Starting(bridge, bridge.batches)
        self._marking = Marking(bridge)
        self._lost_after = lost_after
        # What is not heard of: since when, by the loop's clock; as of this round, and the last.
        self._silent: dict[tuple[str, ...], float] = {}
        self._was_silent: dict[tuple[str, ...], float] = {}
        self._busy: set[str] = set()  # jobs that are being started or cancelled
        self._asked: dict[str, float] = {}  # jobs that were told to end: when, by the loop's clock
        self._tasks: asyncio.TaskGroup
        self._is_down = False

    def hear(self, frames: Sequence[Frame]) -> None:
        """Take what became of jobs; never waits."""
        if any(isinstance(frame.message, FlashCompleted | FlashFailed) for frame in frames):
            self._batches.changed.set()

    async def run(self) -> NoReturn:
        """Act, for ever, from the first picture on."""
        await self._bridge.first_picture.wait()
        async with asyncio.TaskGroup() as self._tasks:
            while True:
                self._batches.changed.clear()
                await self._go_round()
                try:
                    async with asyncio.timeout(EVERY):
                        await self._batches.changed.wait()
                except TimeoutError:
                    continue
                await asyncio.sleep(PAUSE)

    async def _go_round(self) -> None:
        # While the bridge itself has no broker, silence is nobody's fault.
        self._was_silent = self._silent if self._bridge.link.is_up else {}
        self._silent = {}
        jobs = {job.job_id: job for job in self._bridge.fleet.jobs()}
        self._asked = {job_id: at for job_id, at in self._asked.items() if job_id in jobs}
        try:
            under_way = await self._batches.under_way()
            self._marking.keep(under_way)
            for batch in under_way:
                await self._marking.look(batch.id, jobs)
                await self._advance(batch.id, jobs)
        except FaultError as error:
            if not self._is_down:
                _log.error("batches rest: %s", error)
            self._is_down = True
        else:
            self._is_down = False

    async def _advance(self, batch_id: str, jobs: Jobs) -> None:
        online = self._online()
        reached = online | self._given_up()
        batch, items, claimed = await self._batches.step(batch_id, jobs, reached)
        if not batch.is_open:
            _log.info("the batch %s is over: %s", batch.id, batch.stopped_because or batch.status)
        for item in claimed:
            self._do(item, partial(self._starting.start, batch, item))
        for item in items:
            if item.is_final or item.job_id in self._busy:
                continue
            if item.status is ItemStatus.RUNNING:
                await self._look_after(batch, item, jobs)
            elif item.hub_id not in online:
                self._silence(item.hub_id)
            if item.status is ItemStatus.STARTING and item.hub_id in reached and self._is_due(item):
                self._do(item, partial(self._take_up, batch, item))
        self._marking.note(batch.id, items)

    def _online(self) -> set[str]:
        """Tell the hubs that can be asked; none while the bridge itself has no broker."""
        hubs = self._bridge.fleet.hubs() if self._bridge.link.is_up else []
        return {hub.hub_id for hub in hubs if hub.online}

    def _given_up(self) -> set[str]:
        """Tell the hubs that were away for so long that their devices are failures."""
        long_ago = asyncio.get_running_loop().time() - self._lost_after
        silent = self._was_silent.items()
        return {of[0] for of, since in silent if len(of) == 1 and since <= long_ago}

    async def _take_up(self, batch: KeptBatch, item: KeptItem) -> None:
        """Go on with a start that has come to nothing so far; its bridge may be gone."""
        if item.tries >= MAX_TRIES:
            why = fault(Code.HUB_NO_ANSWER)
            await self._batches.note(batch.id, item, failure(why, self._bridge.now()))
        elif (claimed := await self._batches.claim_again(batch.id, item)) is None:
            return
        elif batch.is_cancelling:
            await self._starting.call_off(batch, claimed)
        else:
            await self._starting.start(batch, claimed)

    async def _look_after(self, batch: KeptBatch, item: KeptItem, jobs: Jobs) -> None:
        """See that a job that its hub has taken comes to an end."""
        assert item.job_id is not None  # noqa: S101 - it is minted with the claim
        job = jobs.get(item.job_id)
        if job is None:
            await self._miss(batch, item, item.job_id)
        elif batch.is_cancelling and job.requested != "cancel" and item.hub_id in self._online():
            now = asyncio.get_running_loop().time()
            if now - self._asked.get(job.job_id, -ASK_AGAIN) >= ASK_AGAIN:
                self._asked[job.job_id] = now
                self._do(item, partial(self._starting.cancel, batch, item))

    async def _miss(self, batch: KeptBatch, item: KeptItem, job_id: str) -> None:
        """Nobody speaks of a job that its hub took: it was forgotten, or its hub is gone."""
        hubs = {hub.hub_id: hub.session for hub in self._bridge.fleet.hubs() if hub.online}
        if (session := hubs.get(item.hub_id)) is None:
            if self._silence(item.hub_id, job_id) < self._lost_after:
                return
            why = fault(Code.HUB_LOST)
        elif self._silence(item.hub_id, job_id, session) < FOUND:
            return
        else:
            words = "Its hub does not know the job any more; the outcome is unknown."
            why = fault(Code.INTERRUPTED, words)
        await self._batches.note(batch.id, item, failure(why, self._bridge.now()))

    def _silence(self, *of: str) -> float:
        """Tell for how many seconds nothing was heard of a hub, or of a job at a hub."""
        now = asyncio.get_running_loop().time()
        self._silent[of] = since = self._was_silent.get(of, now)
        return now - since

    def _is_due(self, item: KeptItem) -> bool:
        now = self._bridge.now()
        # Far ahead of us it is only if the clock was set back meanwhile.
        return not now < item.due_at <= now + 2 * steps.PATIENCE

    def _do(self, item: KeptItem, work: Callable[[], Awaitable[object]]) -> None:
        """Have something done for an item's job; the round does not wait for it."""
        self._tasks.create_task(self._done(item, work), name=f"batch[{item.device_id}]")
        self._busy.add(item.job_id or "")

    async def _done(self, item: KeptItem, work: Callable[[], Awaitable[object]]) -> None:
        try:
            await work()
        except FaultError as error:
            _log.info("%s, %s: %s", item.device_id, item.job_id, error)
        finally:
            self._busy.discard(item.job_id or "")
