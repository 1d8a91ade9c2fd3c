"""Calling up the next job of one device: what it takes to begin, and what each waits for.

It knows no flight: who gets a job from it has a permit to begin with it at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import NamedTuple

from flashyard.agent.docket import Docket, verdict
from flashyard.agent.gear import Gear
from flashyard.agent.ports import Port
from flashyard.agent.queueing import waits
from flashyard.agent.queueing.permits import Permit
from flashyard.agent.sight import Sight
from flashyard.agent.story import Story
from flashyard.contract.entries import QUEUED_STAGE
from flashyard.contract.faults import Code, fault
from flashyard.contract.phases import Status


class Called(NamedTuple):
    """A job that begins now, or goes on."""

    story: Story
    permit: Permit


class CallUp:
    """Of one device.

    Args:
        docket: its jobs.
        gear: the hub's.
        port: where the device is.
        sight: what is known of it.
        look: looks at it out of turn.
        in_the_way: what else keeps all of its jobs waiting, in words; None: nothing.
        changed: called when a job waits for something else than before.
    """

    def __init__(
        self,
        docket: Docket,
        gear: Gear,
        port: Port,
        sight: Sight,
        *,
        look: Callable[[], Awaitable[None]],
        in_the_way: Callable[[], str | None],
        changed: Callable[[], None],
    ) -> None:
        self._docket = docket
        self._permits = gear.permits
        self._clock = gear.teller.clock
        self._timing = gear.timing
        self._port = port
        self._sight = sight
        self._look = look
        self._in_the_way = in_the_way
        self._changed = changed
        self._wake = asyncio.Event()
        self._is_missing = False  # the device, and they wait for it
        self._no_slot: str | None = None  # for the first of them
        self._given_up: tuple[Story, float] | None = None  # when, in monotonic seconds

    def wake(self) -> None:
        """Look anew: a job came or went, or something that they wait for changed."""
        self._wake.set()

    def permit_at_once(self, not_before: int | None) -> Permit | None:
        """Take a permit for a job that has just come, if it need wait for nothing and nobody."""
        is_due = (not_before or 0) <= self._clock.bridge_now()
        if not is_due or self._docket.is_pressed or not self._is_ready:
            return None
        return self._permits.try_take(self._port.controller)

    async def next(self) -> Called | None:
        """Wait for a job to begin; None: not yet, see what else there is to do.

        It comes back at least once a second while any job waits, so that a clock that was set
        shows at once.
        """
        self._wake.clear()
        self._no_slot = None
        if self._docket.next is None or self._in_the_way() is not None:
            self._is_missing = False
            await self._wait()
            return None
        self._is_missing = not await self._is_there()
        if self._is_missing:
            await self._wait()
            return None
        self._given_up = None
        return await self._with_permit()

    async def keep_told(self) -> None:
        """Have each job say what it waits for, also while another one runs."""
        while True:
            self.tell()
            await asyncio.sleep(self._timing.look_at_queue)

    def tell(self) -> None:
        """Have each job say what it waits for now."""
        now = self._clock.bridge_now()
        first = self._docket.next
        told = [
            story.waits(self._stage(story, now, is_first=story is first))
            for story in self._docket.queue
        ]
        if any(told):
            self._changed()
        if first is not None and first is self._docket.current:
            why = self._why(is_first=True)
            if why is not None and first.waits(why):
                first.turned()

    @property
    def _is_ready(self) -> bool:
        """Could the device begin with a job now?"""
        return self._sight.answering and self._in_the_way() is None

    def _stage(self, story: Story, now: int, *, is_first: bool) -> str:
        if story.job.status is Status.PAUSED:
            return waits.ON_HOLD
        due = story.order.not_before
        if due is not None and due > now:
            return waits.until(due, now)
        return self._why(is_first=is_first) or QUEUED_STAGE

    def _why(self, *, is_first: bool) -> str | None:
        """Tell what keeps a job waiting that could begin else; None: only those before it."""
        current = self._docket.current
        if self._docket.run is not None:
            return None
        if (why := self._in_the_way()) is not None:
            return why
        if current is not None and current.job.status is Status.PAUSED:
            return waits.FOR_PAUSED_JOB
        if self._is_missing:
            return waits.FOR_DEVICE
        return self._no_slot if is_first else None

    async def _wait(self) -> None:
        """Wait for a while, or for something to change."""
        self.tell()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._timing.look_at_queue if self._docket else None):
                await self._wake.wait()

    async def _is_there(self) -> bool:
        """Does the device answer? Where that is open it is looked at, if a job cannot wait long.

        Jobs that were not asked to wait for it are given up after a time, each when it is the first
        of them.
        """
        if self._sight.answering:
            return True
        if self._hurried is not None:
            await self._look()
        if not self._sight.answering:
            self._give_up()
        return self._sight.answering

    @property
    def _hurried(self) -> Story | None:
        """The first that could begin, and was not asked to wait for the device, or not any more."""
        current = self._docket.current
        could = self._docket.queue.due() if current is None else [current]
        return next((s for s in could if s.doom or not s.order.wait_for_device), None)

    def _give_up(self) -> None:
        """End a job whose device must not be written, or has been away for too long."""
        forbidden = self._docket.next if self._sight.is_forbidden else None
        story = forbidden or self._hurried
        if story is not None and (forbidden or self._is_late(story)):
            gone = fault(Code.DEVICE_OFFLINE, "The device did not come back.")
            why = verdict(story, self._sight.objection or gone)
            story.fail(why, story.left_behind)

    def _is_late(self, story: Story) -> bool:
        """Has it waited for the device for too long?"""
        now = self._clock.monotonic()
        if self._given_up is None or self._given_up[0] is not story:
            self._given_up = story, now + self._timing.wait_for_device
        return now >= self._given_up[1]

    async def _with_permit(self) -> Called | None:
        """Have the first job begin, once there is a permit, if all else is still as it was."""
        first = self._docket.next
        if first is None:
            return None
        request = self._permits.ask(self._port.controller, first.turn, self.wake)
        try:
            if request.permit is None:
                is_hub = self._permits.are_out
                self._no_slot = waits.FOR_SLOT if is_hub else waits.FOR_CONTROLLER
                await self._wait()
            if request.permit is None or self._docket.next is not first or not self._is_ready:
                return None
            permit, request.permit = request.permit, None
            return Called(first, permit)
        finally:
            self._permits.withdraw(request)
