"""One device of a batch started: its hub is asked, and asked again where that may help.

The order is always for the job that was claimed: a hub obeys a job once, however often it is asked.
"""

from __future__ import annotations

import asyncio
import logging

from flashyard.contract.batches import ItemStatus
from flashyard.contract.faults import Code, Fault, FaultError, fault
from flashyard.contract.orders import Receipt
from flashyard.contract.phases import Status
from flashyard.contract.requester import Requester
from flashyard_bridge.audit.deeds import cancelled, not_started, on_behalf, started
from flashyard_bridge.batches.book import Batches
from flashyard_bridge.batches.kept import Change, KeptBatch, KeptItem
from flashyard_bridge.choice import hub_of
from flashyard_bridge.orders import cancel_order
from flashyard_bridge.rest.plan import Plan, plan_start
from flashyard_bridge.rest.request import judge
from flashyard_bridge.state import BridgeState

MAX_TRIES = 6
FIRST, LONGEST = 1_000, 30_000  # ms between two of them, each twice the one before
AT_ONCE = 32  # starts that wait for their hub
# What passes by itself: a hub that is started anew, a broker that is, a device being looked at.
PASSING = frozenset(
    {
        Code.BROKER_UNREACHABLE,
        Code.HUB_NO_ANSWER,
        Code.STALE_ORDER,
        Code.RATE_LIMITED,
        Code.DEVICE_OFFLINE,
    }
)

_log = logging.getLogger(__name__)


class Starting:
    """Has jobs started, and called off.

    Args:
        bridge: the parts of a bridge.
        batches: where it is noted what came of it.
    """

    def __init__(self, bridge: BridgeState, batches: Batches) -> None:
        self._bridge = bridge
        self._batches = batches
        self._gate = asyncio.Semaphore(AT_ONCE)

    async def start(self, batch: KeptBatch, item: KeptItem) -> None:
        """Ask the hub to take the job of a claimed item, and note its word.

        Raises:
            FaultError: `database_unreachable`; the claim stands, and is taken up again.
        """
        async with self._gate:
            is_last = item.tries >= MAX_TRIES
            try:
                plan = await self._plan(batch, item)
                # The last order is taken back where its hub does not answer.
                receipt = await self._bridge.orders.start(
                    plan.hub_id, plan.order, is_kept=not is_last
                )
            except FaultError as error:
                await self._refused(batch, item, error.fault)
            else:
                self._bridge.trail.note(started(self._bridge.now(), plan.hub_id, plan.order))
                await self._take(batch, item, receipt)

    async def call_off(self, batch: KeptBatch, item: KeptItem) -> None:
        """Cancel what a start may have begun of which it is not known whether it did.

        Raises:
            FaultError: `database_unreachable`, as above.
        """
        try:
            receipt = await self.cancel(batch, item)
        except FaultError as error:
            if error.fault.code is Code.UNKNOWN_JOB:
                await self._batches.note(batch.id, item, _cancelled(self._bridge.now()))
            else:
                await self._refused(batch, item, error.fault)
        else:
            await self._take(batch, item, receipt)

    async def cancel(self, batch: KeptBatch, item: KeptItem) -> Receipt:
        """Have an item's job end at its next safe point.

        Raises:
            FaultError: `unknown_hub`, or as `Orders.cancel`.
        """
        hub = hub_of(self._bridge.fleet, item.hub_id)
        order = cancel_order(item.job_id or "", hub.session, self._bridge.now())
        receipt = await self._bridge.orders.ask(hub.hub_id, order)
        self._bridge.trail.note(
            cancelled(
                self._bridge.now(),
                Requester(on_behalf=batch.id),
                hub_id=item.hub_id,
                device_id=item.device_id,
                job_id=order.job_id,
            )
        )
        return receipt

    async def _plan(self, batch: KeptBatch, item: KeptItem) -> Plan:
        body = {**batch.flash, "deviceId": item.device_id, "hubId": item.hub_id}
        plan = await plan_start(self._bridge, judge(body))
        asked_by = on_behalf(batch.id, batch.asked_by)
        order = plan.order.with_(job_id=item.job_id, serial=item.serial, asked_by=asked_by)
        return Plan(plan.hub_id, order)

    async def _take(self, batch: KeptBatch, item: KeptItem, receipt: Receipt) -> None:
        """Take a hub's yes; one that is asked once more may say that the job has ended."""
        change, now = Change(ItemStatus.RUNNING), self._bridge.now()
        if receipt.status is Status.COMPLETED:
            change = Change(ItemStatus.COMPLETED, finished_at=now)
        elif receipt.status is Status.CANCELLED:
            change = _cancelled(now)
        elif receipt.status is Status.FAILED:
            words = "It has failed, and why is not known any more."
            change = failure(fault(Code.INTERRUPTED, words), now)
        await self._batches.note(batch.id, item, change)

    async def _refused(self, batch: KeptBatch, item: KeptItem, why: Fault) -> None:
        if why.code is Code.DATABASE_UNREACHABLE:
            raise FaultError(why)
        if why.code in PASSING and item.tries < MAX_TRIES:
            delay = min(LONGEST, FIRST << (item.tries - 1))
            await self._batches.postpone(batch.id, item, delay, why)
            return
        _log.warning("batch %s: %s is not started: %s", batch.id, item.device_id, why.sentence)
        self._bridge.trail.note(
            not_started(
                self._bridge.now(),
                on_behalf(batch.id, batch.asked_by),
                why,
                hub_id=item.hub_id,
                device_id=item.device_id,
                job_id=item.job_id,
            )
        )
        await self._batches.note(batch.id, item, failure(why, self._bridge.now()))


def failure(why: Fault, now: int) -> Change:
    """Make the change of an item that has failed."""
    return Change(
        ItemStatus.FAILED,
        code=why.code.value,
        error=why.sentence[:1000],
        hint=why.hint and why.hint[:1000],
        finished_at=now,
    )


def _cancelled(now: int) -> Change:
    why = fault(Code.CANCELLED)
    return Change(ItemStatus.CANCELLED, code=why.code.value, error=why.sentence, finished_at=now)
