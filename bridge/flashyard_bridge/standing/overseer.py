"""The one who acts on standing orders: sees what is plugged in, has it flashed, notes the end.

It decides nothing itself: `decision` does, and `marks` sees that a serial is started once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NoReturn

from flashyard.contract.faults import Code, Fault, FaultError
from flashyard.contract.messages import DeviceChanged, FlashCompleted, FlashFailed
from flashyard.contract.records import Device
from flashyard.contract.standing import StandingOrder
from flashyard.contract.tracked import Frame
from flashyard_bridge.audit.deeds import not_started, on_behalf, started
from flashyard_bridge.rest.plan import Plan, plan_start
from flashyard_bridge.rest.request import judge as judge_start
from flashyard_bridge.standing.aftermath import Aftermath
from flashyard_bridge.standing.decision import Crowd, Marks, governing, judge
from flashyard_bridge.standing.mark import Mark, State
from flashyard_bridge.standing.sightings import Sightings
from flashyard_bridge.state import BridgeState

EVERY = 2.0  # s; another bridge may have changed an order, and nobody said so
REST = 5.0  # s after a refusal that may not be repeated
PAUSE = 0.25  # s; what comes in a burst is looked at once
PATIENCE = 30.0  # s in which a hub tells of a job that it took
AT_ONCE = 32  # starts that wait for their hub
# The hub may have taken the order all the same: the claim stands until that is known.
_UNCERTAIN = frozenset({Code.BROKER_UNREACHABLE, Code.HUB_NO_ANSWER})

_log = logging.getLogger(__name__)
At = tuple[str, str]  # a hub's and a device's id


class Overseer:
    """Acts for as long as :meth:`run` runs.

    Args:
        bridge: the parts of a bridge.
        patience: seconds in which a hub tells of a job that was ordered.
    """

    def __init__(self, bridge: BridgeState, *, patience: float = PATIENCE) -> None:
        self._bridge = bridge
        self._book = bridge.standing
        self._aftermath = Aftermath(bridge, self._start_again, patience=patience)
        self._heard = Sightings()  # since the last round
        self._starting: set[At] = set()
        self._resting: dict[At, float] = {}  # until when, by the loop's clock
        self._gate = asyncio.Semaphore(AT_ONCE)
        self._tasks: asyncio.TaskGroup
        self._is_down = False

    def hear(self, frames: Sequence[Frame]) -> None:
        """Take what became of devices and jobs; never waits."""
        for frame in frames:
            match frame.message:
                case DeviceChanged(device=device):
                    # While its hub is away nobody knows whether a device is.
                    if self._heard.is_news(device) and _is_told(device, self._sessions()):
                        self._heard.add(device)
                    self._book.changed.set()
                case FlashCompleted() | FlashFailed():
                    self._book.changed.set()

    async def run(self) -> NoReturn:
        """Act, for ever, from the first picture on."""
        await self._bridge.first_picture.wait()
        async with asyncio.TaskGroup() as self._tasks:
            while True:
                self._book.changed.clear()
                await self._go_round()
                try:
                    async with asyncio.timeout(EVERY):
                        await self._book.changed.wait()
                except TimeoutError:
                    continue
                await asyncio.sleep(PAUSE)

    async def _go_round(self) -> None:
        heard, self._heard = self._heard, Sightings()
        try:
            await self._act(heard)
        except FaultError as error:
            for device in self._heard:
                heard.add(device)
            self._heard = heard
            if not self._is_down:
                _log.error("standing orders rest: %s", error)
            self._is_down = True
        else:
            self._is_down = False

    async def _act(self, heard: Iterable[Device]) -> None:
        orders = await self._book.all()
        if not orders:
            return
        fleet, ids = self._bridge.fleet, [order.id for order in orders]
        sights = [*heard, *fleet.devices()]  # what is true now comes last
        serials = {device.serial for device in sights if device.serial}
        await self._aftermath.settle(orders, await self._book.find(ids, serials), fleet.jobs())
        marks = await self._look(await self._book.find(ids, serials), sights)
        now = asyncio.get_running_loop().time()
        self._resting = {at: until for at, until in self._resting.items() if until > now}
        sessions, devices = self._sessions(), fleet.devices()
        busy = {(job.hub_id, job.device_id) for job in fleet.jobs() if job.is_active}
        crowd = Crowd.of(devices, busy | self._starting)
        for device in devices:
            order = governing(orders, device)
            is_resting = (device.hub_id, device.device_id) in self._resting
            if order is None or is_resting or not _is_told(device, sessions):
                continue
            mark = marks[order.id].get(device.serial or "")
            if judge(device, mark, crowd).is_to_start:
                self._starting.add((device.hub_id, device.device_id))
                self._tasks.create_task(
                    self._start(order, device, mark), name=f"standing[{device.device_id}]"
                )

    async def _look(
        self, marks: Mapping[str, Marks], sights: Iterable[Device]
    ) -> Mapping[str, Marks]:
        """Keep what is seen of the devices that failed; return the marks as they are then."""
        sessions = self._sessions()
        told = [device for device in sights if _is_told(device, sessions)]
        now = {order_id: dict(theirs) for order_id, theirs in marks.items()}
        for theirs in now.values():
            for device in told:
                if (mark := theirs.get(device.serial or "")) is not None:
                    theirs[mark.serial] = mark.seen(device)
        await self._book.note_sights(
            (order_id, mark)
            for order_id, theirs in now.items()
            for serial, mark in theirs.items()
            if mark != marks[order_id][serial]
        )
        return now

    def _sessions(self) -> Mapping[str, str]:
        return {hub.hub_id: hub.session for hub in self._bridge.fleet.hubs() if hub.online}

    async def _start(self, order: StandingOrder, device: Device, before: Mark | None) -> None:
        at = device.hub_id, device.device_id
        try:
            async with self._gate:
                await self._try(order, device, before)
        except FaultError as error:
            _log.warning("%s: %s is not started: %s", order.title, device.device_id, error)
            self._rest(at)
        finally:
            self._starting.discard(at)

    async def _try(self, order: StandingOrder, device: Device, before: Mark | None) -> None:
        mark = Mark(
            serial=device.serial or "",
            state=State.RUNNING,
            hub_id=device.hub_id,
            device_id=device.device_id,
            session=device.session,
            tries=before.tries + 1 if before else 1,
            at=self._bridge.now(),
        )
        try:
            plan = await self._plan(order, device.hub_id, device.device_id)
        except FaultError as error:
            if error.fault.rule.transient:
                raise
            await self._refused(order, mark, before, error.fault)
            return
        mark = replace(mark, job_id=plan.order.job_id)
        # From here on the job is as good as started: the claim is kept before the order goes out.
        if await self._book.claim(order, mark, before):
            _log.info("%s: %s is due, and begun as %s", order.title, device.device_id, mark.job_id)
            await self._send(order, plan, mark)
        else:
            self._rest((device.hub_id, device.device_id))

    async def _plan(self, order: StandingOrder, hub_id: str, device_id: str) -> Plan:
        body = {**order.flash, "deviceId": device_id, "hubId": hub_id}
        return await plan_start(self._bridge, judge_start(body))

    async def _send(self, order: StandingOrder, plan: Plan, mark: Mark) -> None:
        fresh = plan.order.with_(
            issued_at=self._bridge.now(),
            job_id=mark.job_id,
            serial=mark.serial,
            asked_by=on_behalf(order.id, order.asked_by),
        )
        try:
            receipt = await self._bridge.orders.start(plan.hub_id, fresh, is_kept=True)
        except FaultError as error:
            why = error.fault
            if why.code in _UNCERTAIN:
                raise
            if why.rule.transient:
                await self._book.release(order.id, mark)
                raise
            self._note_refusal(order, mark, why)
            await self._aftermath.fail(order, mark, why)
        else:
            self._bridge.trail.note(started(self._bridge.now(), plan.hub_id, fresh))
            await self._aftermath.take(order, mark, receipt)

    async def _start_again(self, order: StandingOrder, mark: Mark) -> None:
        """Send an order again of which nothing was heard, for the same job: a hub obeys it once."""
        plan = await self._plan(order, mark.hub_id, mark.device_id)
        await self._send(order, plan, mark)

    async def _refused(
        self, order: StandingOrder, mark: Mark, before: Mark | None, why: Fault
    ) -> None:
        failed = replace(mark, code=why.code, error=why.sentence[:1000])
        now = await self._book.note_refusal(order, failed, before)
        if now is not None:
            self._note_refusal(order, mark, why)
            self._aftermath.tell(now, failed, why.sentence)

    def _note_refusal(self, order: StandingOrder, mark: Mark, why: Fault) -> None:
        self._bridge.trail.note(
            not_started(
                self._bridge.now(),
                on_behalf(order.id, order.asked_by),
                why,
                hub_id=mark.hub_id,
                device_id=mark.device_id,
                job_id=mark.job_id,
            )
        )

    def _rest(self, at: At) -> None:
        self._resting[at] = asyncio.get_running_loop().time() + REST


def _is_told(device: Device, sessions: Mapping[str, str]) -> bool:
    """Is it what its hub says now, and not what an earlier run of it left behind?"""
    return device.session == sessions.get(device.hub_id)
