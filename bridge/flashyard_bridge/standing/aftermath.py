"""What became of the jobs that standing orders began: followed to their end, and counted.

An end is noted once, by whichever bridge sees it first.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping

from flashyard.contract.faults import Code, Fault, FaultError, fault
from flashyard.contract.orders import Receipt
from flashyard.contract.phases import FINAL_STATUS, Status
from flashyard.contract.records import Hub, Job
from flashyard.contract.standing import StandingOrder
from flashyard_bridge.standing.decision import Marks
from flashyard_bridge.standing.mark import Mark, State
from flashyard_bridge.standing.marks import End
from flashyard_bridge.state import BridgeState

LOST_AFTER = 24 * 3600.0  # s; a job of which no hub of ours ever speaks may be another bridge's

_NO_FAULT_OF_THE_ORDER = frozenset({Code.CANCELLED, Code.DEVICE_OFFLINE})

_log = logging.getLogger(__name__)
StartAgain = Callable[[StandingOrder, Mark], Awaitable[None]]


class Aftermath:
    """Follows jobs.

    Args:
        bridge: the parts of a bridge.
        start_again: sends the order for a mark's job once more.
        patience: seconds in which a hub tells of a job that was ordered.
    """

    def __init__(self, bridge: BridgeState, start_again: StartAgain, *, patience: float) -> None:
        self._bridge = bridge
        self._book = bridge.standing
        self._start_again = start_again
        self._patience = patience
        self._unknown: dict[str, float] = {}  # job id: since when, by the loop's clock

    async def settle(
        self, orders: Iterable[StandingOrder], marks: Mapping[str, Marks], jobs: Iterable[Job]
    ) -> None:
        """Look at every mark's job, and note what came of it."""
        known = {job.job_id: job for job in jobs}
        retries = {job.retry_of: job for job in known.values() if job.retry_of}
        hubs = {hub.hub_id: hub for hub in self._bridge.fleet.hubs()}
        open_ids: set[str] = set()
        for order in orders:
            for mark in marks[order.id].values():
                if mark.job_id is None:
                    continue
                job = known.get(mark.job_id)
                if mark.state is State.FAILED:
                    await self._look_again(order, mark, job, retries.get(mark.job_id))
                elif mark.state is State.RUNNING and job is not None:
                    await self._look(order, mark, job)
                elif mark.state is State.RUNNING:
                    open_ids.add(mark.job_id)
                    await self._miss(order, mark, hubs.get(mark.hub_id))
        self._unknown = {each: at for each, at in self._unknown.items() if each in open_ids}

    async def fail(self, order: StandingOrder, mark: Mark, why: Fault) -> None:
        """Note that it failed, and why."""
        counts = why.code not in _NO_FAULT_OF_THE_ORDER
        end = End(State.FAILED, self._bridge.now(), why.code, why.sentence[:1000], counts)
        now = await self._book.settle(order.id, mark, end)
        if now is not None:
            self.tell(now, mark, why.sentence)

    async def take(self, order: StandingOrder, mark: Mark, receipt: Receipt) -> None:
        """Take a hub's word where the job has ended already: it was asked for once more."""
        if receipt.status is Status.COMPLETED:
            await self._flashed(order, mark)
        elif receipt.status in FINAL_STATUS:
            why = "It has ended, and why is not known any more."
            await self.fail(order, mark, fault(Code.INTERRUPTED, why))

    def tell(self, order: StandingOrder, mark: Mark, error: str) -> None:
        """Tell a failure, and whether it was one too many."""
        _log.warning("%s: %s failed: %s", order.title, mark.device_id, error)
        self._tell_stop(order)

    def _tell_stop(self, order: StandingOrder) -> None:
        if not order.enabled and order.stopped_because:
            _log.warning("the standing order %s is over: %s", order.title, order.stopped_because)

    async def _look(self, order: StandingOrder, mark: Mark, job: Job) -> None:
        if job.status is Status.COMPLETED:
            await self._flashed(order, mark)
        elif job.is_final:
            code = job.code or Code.INTERNAL
            await self.fail(order, mark, fault(code, job.error))

    async def _look_again(
        self, order: StandingOrder, mark: Mark, job: Job | None, retry: Job | None
    ) -> None:
        """It failed: is that still so? Its hub may have come back, or somebody tried again."""
        if job is not None and job.status is Status.COMPLETED:
            await self._flashed(order, mark)
        elif retry is not None and (retry.is_active or retry.status is Status.COMPLETED):
            await self._book.follow(order.id, mark, retry.job_id)

    async def _flashed(self, order: StandingOrder, mark: Mark) -> None:
        now = await self._book.settle(order.id, mark, End(State.FLASHED, self._bridge.now()))
        if now is not None:
            _log.info("%s: %s is flashed, %d so far", now.title, mark.device_id, now.flashed)
            self._tell_stop(now)

    async def _miss(self, order: StandingOrder, mark: Mark, hub: Hub | None) -> None:
        """Nobody has spoken of the job: it is on its way, or never was, or its end was missed."""
        assert mark.job_id is not None  # noqa: S101 - only such marks are looked at
        now = asyncio.get_running_loop().time()
        silence = now - self._unknown.setdefault(mark.job_id, now)
        if hub is None or not hub.online:
            if silence >= LOST_AFTER:
                await self.fail(order, mark, fault(Code.HUB_LOST))
        elif silence < self._patience:
            return
        elif hub.session != mark.session:
            why = "Its hub was started anew before it told of the job; the outcome is unknown."
            await self.fail(order, mark, fault(Code.INTERRUPTED, why))
        elif order.enabled:
            self._unknown[mark.job_id] = now
            try:
                await self._start_again(order, mark)
            except FaultError as error:
                _log.info("%s: %s waits: %s", order.title, mark.device_id, error)
                if error.fault.code is Code.DEVICE_OFFLINE:
                    await self.fail(order, mark, error.fault)
        else:
            why = "The standing order was stopped before its hub answered."
            await self.fail(order, mark, fault(Code.CANCELLED, why))
