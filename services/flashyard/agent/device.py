"""The agent of one device: one job at a time, orders in, reports out.

It admits jobs and calls up the next; the flight of each, the looks at the idle device and the
wording of its record are others' business. Nothing that goes wrong here reaches its neighbours.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from contextlib import suppress
from functools import partial

from flashyard.agent.admission import admit
from flashyard.agent.board import Board
from flashyard.agent.docket import Docket, verdict
from flashyard.agent.flight import Device, Flight
from flashyard.agent.gear import Gear
from flashyard.agent.ghosts import UNTOUCHED, Ghost, interrupted
from flashyard.agent.journal.ledger import KeptJob
from flashyard.agent.launch import launch
from flashyard.agent.ports import Port
from flashyard.agent.queueing.callup import CallUp
from flashyard.agent.queueing.permits import Permit
from flashyard.agent.queueing.queue import Queue
from flashyard.agent.queueing.turns import Turn
from flashyard.agent.recovery.backoff import Again
from flashyard.agent.recovery.mending import Mending
from flashyard.agent.scribe import Scribe
from flashyard.agent.sight import BREAKS, Sight
from flashyard.agent.story import Story
from flashyard.agent.watch import Watch
from flashyard.contract.faults import Code, Fault, FaultError, fault, refuse
from flashyard.contract.orders import StartOrder
from flashyard.contract.records import RecentEntry
from flashyard.flash.opening import DeviceAddress
from flashyard.flash.ports.plugged import Plugged
from flashyard.flash.running.run import PausedError
from flashyard.logs import about

_log = logging.getLogger(__name__)

_RESTART_LEFT = "not restarted: another job waited for the device"
_RECOVERY = 1.0  # seconds after a crash


class DeviceAgent:
    """One device of a hub. All but :meth:`run` is called from the event loop and never waits.

    Attributes:
        looked: set once the device was looked at, with whatever result.
        docket: its jobs.
    """

    def __init__(self, port: Port, gear: Gear) -> None:
        self.device_id = port.device_id
        self.looked = asyncio.Event()
        self._port = port
        self._gear = gear
        self._clock = gear.teller.clock
        self._sight = Sight(self._clock.began, gear.timing.misses)
        self._watch = Watch(port, self._sight, self._clock, gear.timing)
        queue: Queue[Story] = Queue(gear.turns, self._clock.bridge_now)
        self.docket = Docket(queue, self._wake_up)
        self._mending = Mending(port, gear, self._watch.line)
        self._board = Board(port, gear, self._sight, self.docket)
        self._scribe = Scribe(port, gear.ledger, self._board)
        self._flight: Flight | None = None
        self._permit: Permit | None = None
        self._owes_restart = False
        self._is_stopping = False
        self._calls = CallUp(
            self.docket,
            gear,
            port,
            self._sight,
            look=partial(self._look, counts=False),
            in_the_way=self._mending.in_the_way,
            changed=self.publish,
        )
        self._published: tuple[object, ...] | None = None  # of a look, what its record shows
        self._nudged = asyncio.Event()

    # Orders

    def start(self, order: StartOrder) -> Story:
        """Begin a job, or queue it.

        Raises:
            FaultError: as :func:`admit`; `quarantined`, `queue_full`.
        """
        if self._is_stopping:
            raise refuse(Code.DEVICE_OFFLINE, "The device's hub is being stopped.")
        admit(order, self._port, self._sight, fetches=self._gear.fetches)
        self._mending.check()
        # Who has its place by the time its turn comes is not the one that was meant.
        if order.serial is None and self._sight.description is not None:
            order = order.with_(serial=self._board.serial)
        permit = self._calls.permit_at_once(order.not_before)
        if permit is None:
            self.docket.queue.check_room()
        story = self._story(order, self._gear.turns.deal(order.job_id, order.priority))
        if permit is not None:
            self._begin(story, permit)
        else:
            story.queued(self.docket.queue.join(story))
            self.docket.rearranged()
        return story

    def _story(self, order: StartOrder, turn: Turn) -> Story:
        name = order.device_name or self._board.device_name
        return Story(
            order, name, self._gear.teller, turn, keep=self._scribe.keep, changed=self._told
        )

    def stop(self) -> None:
        """Take no more jobs, and stop the running one at its next safe point; all are kept."""
        self._is_stopping = True
        if self.docket.run is not None:
            self.docket.run.pause()
        self._wake_up()

    def release(self) -> None:
        """Take jobs again at a place where too many broke."""
        if self._mending.release():
            self.publish()
            self._wake_up()

    def restore(self, jobs: Iterable[KeptJob], recent: Iterable[RecentEntry]) -> None:
        """Take over what an earlier run of the hub wrote down of this device, oldest first."""
        self._board.restore(recent)
        for kept in jobs:
            story = self._story(kept.order, kept.turn)
            story.take_over(kept.job, kept.seq, kept.mark, kept.course)
            self.docket.restore(story)
        self._wake_up()

    # Plugs

    @property
    def port(self) -> Port:
        """Where it is."""
        return self._port

    @property
    def is_idle(self) -> bool:
        """Has it nothing to do, now or later?"""
        return not self.docket

    def plugged_in(self, plugged: Plugged, address: DeviceAddress) -> None:
        """Learn that the device is there now, maybe elsewhere or in another mode than before."""
        self._port.plugged, self._port.address = plugged, address
        self._port.since = self._clock.monotonic()
        self._sight.lost()
        self._nudged.set()
        self._wake_up()

    def plugged_out(self) -> None:
        """Learn that it is gone; a job that was running finds out by itself."""
        self._port.plugged = None
        self._sight.missed(fault(Code.USB_UNPLUGGED), counts=False)
        self._sight.gone()
        self.publish()

    # Reports

    def publish(self) -> None:
        """Publish the device's record as it is now."""
        self._published = self._shown()
        self._board.publish()

    def adopt(self, ghost: Ghost) -> None:
        """Take over what an earlier run of the hub left of this device."""
        self._board.adopt(ghost)

    def _told(self, story: Story) -> None:
        """After an event the record that carries its number; after an end the job's own."""
        if is_over := story.job.is_final:
            self.docket.drop(story)
            self._board.put_away(story)
        self.publish()
        if is_over:
            self._gear.repeater.ended()

    def _wake_up(self) -> None:
        self._calls.wake()

    # Life

    async def run(self) -> None:
        """Look after the device until told to stop: the border no crash of it gets over."""
        with about(device=self.device_id):
            while not self._is_stopping:
                try:
                    await self._live()
                except Exception:  # noqa: BLE001 - the crash border
                    _log.exception("the device's agent crashed; it goes on in a moment")
                    if self._flight is not None:
                        self._end(self._flight, fault(Code.INTERNAL))
                    await asyncio.sleep(_RECOVERY)

    async def _live(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            name = self.device_id
            chores = [
                tasks.create_task(self._look_around(), name=f"look around {name}"),
                tasks.create_task(self._board.keep_fresh(), name=f"keep fresh {name}"),
                tasks.create_task(self._calls.keep_told(), name=f"queue of {name}"),
            ]
            await self._work()
            for chore in chores:
                chore.cancel()

    async def _look_around(self) -> None:
        """Look at the device while it is idle: often where it has just been plugged in."""
        timing = self._gear.timing
        while True:
            self._nudged.clear()
            if self._flight is None:
                await self._look(counts=True)
            pause = timing.probe_when_wanted if self._is_coming() else timing.probe_every
            with suppress(TimeoutError):
                await asyncio.wait_for(self._nudged.wait(), pause)

    def _is_coming(self) -> bool:
        """Has it been plugged in a moment ago, and cannot be opened yet?"""
        age = self._clock.monotonic() - self._port.since
        waiting = self._port.is_watched and not self._sight.answering
        return waiting and self._port.is_flashable and age < self._gear.timing.wait_for_device

    async def _look(self, *, counts: bool) -> None:
        await self._watch.look(counts=counts)
        # Not against how it was before: it may have gone and come back while it was looked at.
        if not self.looked.is_set() or self._published != self._shown():
            self.looked.set()
            self.publish()

    def _shown(self) -> tuple[object, ...]:
        """What of a look its record shows."""
        port, sight = self._port, self._sight
        return sight.online, sight.description, port.reading, port.is_watched and sight.why

    async def _work(self) -> None:
        """Carry out job after job until told to stop."""
        while True:
            if self._flight is not None:
                with about(job=self._flight.story.job.job_id):
                    await self._carry_out(self._flight)
            elif self._owes_restart and not self.docket.is_pressed:
                await self._restart()
            elif self._is_stopping:
                return
            elif called := await self._calls.next():
                self._begin(*called)

    def _begin(self, story: Story, permit: Permit) -> None:
        """Have a permit be used by a job, which begins, or goes on from its mark."""
        self._permit = permit
        self._mending.begins()
        self._launch(story)
        if not story.job.has_begun:
            story.started()

    def _launch(self, story: Story, again: Again | None = None) -> None:
        """Have a job be worked on; ``again``: once more."""
        story.course.went_to(self._board.subject)
        reboot = story.order.options.reboot is not False or self._owes_restart
        keep = partial(self._scribe.keep_mark, story)
        self._flight = launch(
            story, self._gear, self._watch.line, keep=keep, reboot=reboot, again=again
        )
        self.docket.begin(story, self._flight.run)

    async def _carry_out(self, flight: Flight) -> None:
        _log.info("%s starts", flight.story.job.job_id)
        try:
            why = await self._fly(flight)
        except PausedError:
            self._learn_from(flight, broke=False)
            self._park(flight)
        except asyncio.CancelledError:
            self._leave(flight)
            raise
        else:
            if self._flight is flight:  # no other one goes on from its mark
                self._end(flight, why)

    async def _fly(self, flight: Flight) -> Fault | None:
        """Fly there and, if that fails, back; return why it ends; None: it is done, or goes on."""
        try:
            self._board.check_serial(flight.story.order.serial)
            await flight.fly(self._destination())
        except FaultError as error:
            flight.met(error.fault)
            self._learn_from(flight, broke=error.fault.code in BREAKS)
            if self._goes_on(flight, error.fault):
                return None
            why = verdict(flight.story, error.fault)
            if await flight.go_back(self._destination(), why):
                self._learn_from(flight, broke=True)
            return why
        self._learn_from(flight, broke=flight.has_restarted)
        return None

    def _destination(self) -> Device:
        serial = known.serial if (known := self._sight.description) else None
        return Device(self._port.address, serial, self._gear.timing.flashing)

    def _goes_on(self, flight: Flight, why: Fault) -> bool:
        """Have a job whose link broke go on, or stand still, at its last mark; False: it ends."""
        story, again = flight.story, self._mending.again(flight.run, why)
        if again is None or story.job.requested == "cancel" or story.doom:
            return False
        _log.info("%s: %s; %s", story.job.job_id, FaultError(why), again.words)
        flight.run.mark = flight.run.mark.with_(tried=again.number)
        story.course.lines.add(why.sentence)
        if story.job.requested == "pause" or self._is_stopping:
            self._park(flight)
            return True
        self._scribe.keep_mark(story, flight.run.mark)
        story.goes_on(again.words)
        self._launch(story, again)
        return True

    def _learn_from(self, flight: Flight, *, broke: bool) -> None:
        """Take from a flight what it shows of the device; ``broke``: it may not answer now."""
        if flight.run.description is not None and not self._port.is_empty:
            self._sight.saw(self._clock.now(), flight.run.description)
        if broke:
            self._sight.lost()

    def _park(self, flight: Flight) -> None:
        """Leave a job at its safe point: until it is resumed, or until the hub's next run."""
        story = flight.story
        self._scribe.keep_mark(story, flight.run.mark)
        self._land()
        if story.job.requested == "pause":
            story.paused()

    def _leave(self, flight: Flight) -> None:
        """Let go of a job whose device does not: the hub goes, and cannot wait for it.

        What can be gone on with is left to the hub's next run, as a hub does that is killed.
        """
        can_wait = flight.run.mark.can_be_taken_up and flight.story.job.requested != "cancel"
        if can_wait or not self._is_stopping:
            self._park(flight)
        else:
            why = interrupted(flight.run.where.phase)
            self._end(flight, verdict(flight.story, why))

    def _land(self) -> None:
        """No job is at work any more; the one that was may not be over."""
        self._flight = None
        self.docket.land()
        if self._watch.line.is_stuck:
            self._sight.lost()
        if self._permit is not None:
            self._gear.permits.give(self._permit)
        self._permit = None

    def _end(self, flight: Flight, why: Fault | None) -> None:
        """End a flight, well where ``why`` is None."""
        run, job_id = flight.run, flight.story.job.job_id
        self._mending.ended(run, why)
        try:
            if why is None:
                _log.info("%s is done", job_id)
                self._owes_restart = run.restart_left
                flight.story.complete(_RESTART_LEFT if run.restart_left else None)
            else:
                level = logging.INFO if why.code is Code.CANCELLED else logging.WARNING
                _log.log(level, "%s ends: %s", job_id, FaultError(why))
                self._owes_restart = self._owes_restart and run.device_state == UNTOUCHED
                flight.story.mark = run.mark
                flight.story.fail(why, run.device_state, run.rollback)
        finally:
            self._land()

    async def _restart(self) -> None:
        """Make up for the restart that was left to a job which then did not come to make it."""
        self._owes_restart = False
        self._sight.lost()
        await self._watch.restart(self._gear.timing.flashing)
