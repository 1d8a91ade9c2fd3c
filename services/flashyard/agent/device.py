"""The agent of one device: one job at a time, orders in, reports out.

It admits jobs and calls up the next; the flight of each, the looks at the idle device and the
wording of its record are others' business. Nothing that goes wrong here reaches its neighbours.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress

from flashyard.agent.board import Board
from flashyard.agent.flight import Device, Flight
from flashyard.agent.gear import Gear
from flashyard.agent.ghosts import UNTOUCHED, Ghost, interrupted
from flashyard.agent.permits import Permit
from flashyard.agent.ports import Port
from flashyard.agent.queue import Queue
from flashyard.agent.sampler import Sampler
from flashyard.agent.sight import Sight
from flashyard.agent.story import Story
from flashyard.agent.watch import Watch
from flashyard.contract.faults import Code, Fault, FaultError, fault, refuse
from flashyard.contract.orders import StartOrder
from flashyard.contract.phases import Phase
from flashyard.flash.opening import DeviceAddress
from flashyard.flash.ports.plugged import Plugged
from flashyard.flash.running.run import Run
from flashyard.logs import about

_log = logging.getLogger(__name__)

# After these it is open whether the device still answers.
_BREAKS = frozenset(
    {
        Code.USB_UNPLUGGED,
        Code.LINK_LOST,
        Code.DEVICE_SILENT,
        Code.PROTOCOL_ERROR,
        Code.TIMED_OUT,
        Code.DEVICE_MISMATCH,
        Code.NOT_BOOTED,
    }
)
_RESTART_LEFT = "not restarted: another job waited for the device"
_RECOVERY = 1.0  # seconds after a crash


class DeviceAgent:
    """One device of a hub. All but :meth:`run` is called from the event loop and never waits.

    Attributes:
        looked: set once the device was looked at, with whatever result.
    """

    def __init__(self, port: Port, gear: Gear) -> None:
        self.device_id = port.device_id
        self.looked = asyncio.Event()
        self._port = port
        self._gear = gear
        self._clock = gear.teller.clock
        self._sight = Sight(self._clock.began, gear.timing.misses)
        self._watch = Watch(port, self._sight, self._clock, gear.timing)
        self._queue = Queue()
        self._board = Board(port, gear, self._sight, self._queue)
        self._flight: Flight | None = None
        self._permit: Permit | None = None
        self._owes_restart = False
        self._is_stopping = False
        self._wake = asyncio.Event()
        self._published: tuple[object, ...] | None = None  # of a look, what its record shows
        self._nudged = asyncio.Event()

    # Orders

    def start(self, order: StartOrder) -> Story:
        """Begin a job, or queue it.

        Raises:
            FaultError: `device_offline`, `image_required`, `image_unreachable`, `queue_full`.
        """
        self._check(order)
        # Who has its place by the time its turn comes is not the one that was meant.
        if order.serial is None and self._sight.description is not None:
            order = order.with_(serial=self._board.serial)
        name = order.device_name or self._board.device_name
        idle = self._flight is None and not self._queue and self._sight.answering
        if idle and (permit := self._gear.permits.try_take(self._port.controller)):
            story = Story(order, name, self._gear.teller, self._told)
            self._begin(story, permit)
        else:
            self._queue.check_room()
            story = Story(order, name, self._gear.teller, self._told)
            story.queued(self._queue.join(story))
        self._note_followers()
        self._wake.set()
        return story

    def find(self, job_id: str) -> Story | None:
        """Return a job that waits or runs here."""
        stories = [self._flight.story] if self._flight else []
        return next((s for s in (*stories, *self._queue) if s.job.job_id == job_id), None)

    def cancel(self, story: Story) -> None:
        """End a job: at once where it waits, at its next safe point where it runs.

        Raises:
            FaultError: `illegal_state`: it is past its last safe point.
        """
        if self._flight is None or story is not self._flight.story:
            story.fail(fault(Code.CANCELLED), UNTOUCHED)
        elif self._flight.run.cancel():
            story.asked_to_end()
        else:
            raise refuse(Code.ILLEGAL_STATE, "The job is too far to be cancelled.")

    def stop(self) -> None:
        """Take no more jobs; end those that wait, and the running one at its next safe point."""
        self._is_stopping = True
        for story in self._queue:
            story.fail(interrupted(Phase.QUEUED), UNTOUCHED)
        if self._flight is not None:
            self._flight.run.cancel()
        self._wake.set()

    def _check(self, order: StartOrder) -> None:
        if self._is_stopping:
            raise refuse(Code.DEVICE_OFFLINE, "The device's hub is being stopped.")
        if not self._sight.online:
            raise FaultError(self._sight.missing)
        if not self._port.is_flashable and (reading := self._port.reading):
            raise refuse(
                Code.ILLEGAL_STATE,
                f"The device is in {reading.mode} mode, in which it cannot be flashed.",
                hint=reading.hint,
            )
        if self._sight.is_forbidden:
            raise FaultError(self._sight.missing)
        if not order.imaged and not self._sight.is_emulated:
            raise refuse(Code.IMAGE_REQUIRED)
        if order.imaged and not self._gear.fetches:
            raise refuse(Code.IMAGE_UNREACHABLE, "The hub was not told where the bridge is.")

    # Plugs

    @property
    def port(self) -> Port:
        """Where it is."""
        return self._port

    @property
    def is_idle(self) -> bool:
        """Has it nothing to do, now or later?"""
        return self._flight is None and not self._queue

    def plugged_in(self, plugged: Plugged, address: DeviceAddress) -> None:
        """Learn that the device is there now, maybe elsewhere or in another mode than before."""
        self._port.plugged, self._port.address = plugged, address
        self._port.since = self._clock.monotonic()
        self._sight.lost()
        self._nudged.set()

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
        """After an event the record that carries its number; after an end the job's own, too."""
        is_over = story.job.is_final
        if is_over:
            if self._flight and self._flight.story is story:
                self._flight = self._board.current = None
            else:
                self._queue.leave(story)
                self._note_followers()
            self._board.put_away(story)
        self.publish()
        if is_over:
            self._gear.teller.post.record(story.record())

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
            elif first := self._queue.first():
                await self._call_up(first)
            elif self._owes_restart:
                await self._restart()
            elif self._is_stopping:
                return
            else:
                self._wake.clear()
                await self._wake.wait()

    async def _call_up(self, story: Story) -> None:
        """Wait for the device and for a permit, then begin the job that is first by then."""
        timing = self._gear.timing
        deadline = self._clock.monotonic() + timing.wait_for_device
        while not await self._answers():
            if self._queue.first() is not story:
                return
            if self._sight.is_forbidden or self._clock.monotonic() >= deadline:
                gone = fault(Code.DEVICE_OFFLINE, "The device did not come back.")
                story.fail(self._sight.objection or gone, UNTOUCHED)
                return
            await asyncio.sleep(timing.probe_when_wanted)
        permit = await self._gear.permits.take(self._port.controller)
        first = self._queue.first()
        if first is None:
            self._gear.permits.give(permit)
            return
        self._queue.leave(first)
        self._begin(first, permit)

    async def _answers(self) -> bool:
        """Does the device answer? Where that is open it is looked at."""
        if not self._sight.answering:
            await self._look(counts=False)
        return self._sight.answering

    def _begin(self, story: Story, permit: Permit) -> None:
        """Have a permit be used by a job."""
        self._permit = permit
        order = story.order
        run = Run(order.partitions, story.lines, self._clock.monotonic)
        self._flight = Flight(
            story,
            run,
            Sampler(run, order.total_bytes, self._gear.sample_every, self._clock.monotonic),
            cache=self._gear.cache,
            line=self._watch.line,
            timing=self._gear.timing,
            part_size=self._gear.part_size,
            denied=self._gear.denied,
            boot_timeout=self._gear.boot_timeout,
            reboot=order.options.reboot is not False or self._owes_restart,
        )
        self._board.current = story
        self._clock.freeze()
        self._note_followers()
        story.started()

    def _note_followers(self) -> None:
        if self._flight is not None:
            self._flight.run.is_followed = len(self._queue) > 0

    async def _carry_out(self, flight: Flight) -> None:
        known = self._sight.description
        serial = known.serial if known else None
        _log.info("%s starts", flight.story.job.job_id)
        try:
            self._check_serial(flight.story.order.serial)
            await flight.fly(Device(self._port.address, serial, self._gear.timing.flashing))
        except FaultError as error:
            self._learn_from(flight, broke=error.fault.code in _BREAKS)
            self._end(flight, self._verdict(flight, error.fault))
        except asyncio.CancelledError:
            self._end(flight, self._verdict(flight, fault(Code.CANCELLED)))
            raise
        else:
            self._learn_from(flight, broke=flight.has_restarted)
            self._end(flight, None)

    def _check_serial(self, wanted: str | None) -> None:
        """Refuse to give another device what was meant for the one that was there before."""
        found = self._board.serial
        if wanted not in {None, found}:
            details = f"wanted {wanted}, found {found}"
            raise refuse(Code.DEVICE_MISMATCH, details=details)

    def _learn_from(self, flight: Flight, *, broke: bool) -> None:
        """Take from a flight what it shows of the device; ``broke``: it may not answer now."""
        if flight.run.description is not None and not self._port.is_empty:
            self._sight.saw(self._clock.now(), flight.run.description)
        if broke:
            self._sight.lost()

    def _verdict(self, flight: Flight, why: Fault) -> Fault:
        """What was asked to end ends as asked, whatever broke on the way to its safe point."""
        if flight.story.job.requested == "cancel":
            own_words = None if why.code is Code.CANCELLED else why.details or why.sentence
            return fault(Code.CANCELLED, details=own_words)
        return interrupted(flight.run.where.phase) if why.code is Code.CANCELLED else why

    def _end(self, flight: Flight, why: Fault | None) -> None:
        """End a flight, well where ``why`` is None."""
        run, job_id = flight.run, flight.story.job.job_id
        try:
            if why is None:
                _log.info("%s is done", job_id)
                self._owes_restart = run.restart_left
                flight.story.complete(_RESTART_LEFT if run.restart_left else None)
            else:
                level = logging.INFO if why.code is Code.CANCELLED else logging.WARNING
                _log.log(level, "%s ends: %s", job_id, FaultError(why))
                self._owes_restart = self._owes_restart and run.device_state == UNTOUCHED
                flight.story.fail(why, run.device_state)
        finally:
            self._flight = self._board.current = None
            if self._watch.line.is_stuck:
                self._sight.lost()
            self._clock.thaw()
            self._give_back()

    def _give_back(self) -> None:
        permit, self._permit = self._permit, None
        if permit is not None:
            self._gear.permits.give(permit)

    async def _restart(self) -> None:
        """Make up for the restart that was left to a job which then did not come to make it."""
        self._owes_restart = False
        self._sight.lost()
        try:
            await self._watch.restart(self._gear.timing.flashing)
        except FaultError as error:
            _log.warning("the device was to be restarted: %s", error)
