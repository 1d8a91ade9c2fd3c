"""Queues and permits together, whatever happens: orderly, bounded, and nobody is forgotten."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from support.waiting_room import PaperJob, WaitingRoom

CONTROLLERS = {"A": "left", "B": "left", "C": "right", "D": None}
BOUND = 2
WHICH = st.integers(0, 99)  # of those there are
PRIORITY = st.sampled_from([0, 5, 9])
MOST = 12  # jobs that wait at a device


class Fairness(RuleBasedStateMachine):
    """Whatever is done to jobs that wait, the promises of the queue hold."""

    room: WaitingRoom
    most: int  # that may run now

    @initialize(limit=st.integers(1, 4), share=st.integers(0, 2))
    def open(self, limit: int, share: int) -> None:
        self.room = WaitingRoom(CONTROLLERS, limit, share, BOUND)
        self.most = limit

    @rule(
        name=st.sampled_from(sorted(CONTROLLERS)),
        priority=PRIORITY,
        later=st.sampled_from([0, 0, 0, 5]),
        held=st.sampled_from([False, False, False, True]),
    )
    def join(self, name: str, priority: int, later: int, *, held: bool) -> None:
        if len(self.room.devices[name].queue) < MOST:
            not_before = self.room.now + later if later else 0
            self.room.join(name, priority, not_before, held=held)
        self.room.settle()

    @rule(name=st.sampled_from(sorted(CONTROLLERS)), priorities=st.lists(PRIORITY, max_size=6))
    def join_at_once(self, name: str, priorities: list[int]) -> None:
        for priority in priorities:
            self.join(name, priority, 0, held=False)

    @precondition(lambda self: self.room.waiting)
    @rule(which=WHICH)
    def hold_or_resume(self, which: int) -> None:
        job = self._pick(which)
        job.held = not job.held
        self.room.settle()

    @precondition(lambda self: self.room.waiting)
    @rule(which=WHICH, priority=PRIORITY)
    def change_priority(self, which: int, priority: int) -> None:
        self.room.change(self._pick(which), priority)
        self.room.settle()

    @precondition(lambda self: self.room.waiting)
    @rule(which=WHICH)
    def cancel(self, which: int) -> None:
        self.room.leave(self._pick(which))
        self.room.settle()

    @rule(jump=st.integers(-8, 8))
    def set_clock(self, jump: int) -> None:
        self.room.now = max(self.room.now + jump, 0)
        self.room.settle()

    @precondition(lambda self: self.room.running)
    @rule(which=WHICH)
    def end(self, which: int) -> None:
        self.room.end(self.room.running[which % len(self.room.running)])
        self.room.settle()

    @precondition(lambda self: self.room.running)
    @rule(which=WHICH, then=st.sampled_from([0, 9]))
    def end_and_urge(self, which: int, then: int) -> None:
        """One ends, and in the same moment another comes for its device."""
        device = self.room.running[which % len(self.room.running)]
        self.room.end(device)
        self.join(device.name, then, 0, held=False)

    @rule(limit=st.integers(1, 4))
    def change_limit(self, limit: int) -> None:
        self.room.limit = limit
        self.room.permits.change(limit)
        self.room.settle()
        self.most = max(limit, len(self.room.running))

    @rule()
    def restart(self) -> None:
        self.room.restart()
        self.room.settle()

    def _pick(self, which: int) -> PaperJob:
        return self.room.waiting[which % len(self.room.waiting)]

    @invariant()
    def nobody_overtakes_an_equal(self) -> None:
        for job, passed in self.room.begun:
            for each in passed:
                is_equal = each.turn.priority == job.turn.priority
                assert not (is_equal and each.rank < job.rank), (job, each)
        self.room.begun.clear()

    @invariant()
    def nobody_is_overtaken_more_often_than_the_bound(self) -> None:
        for job in self.room.waiting:
            assert job.overtaken <= job.turn.overtaken <= BOUND

    @invariant()
    def positions_have_no_gaps(self) -> None:
        for device in self.room.devices.values():
            positions = [job.position for job in device.queue]
            assert positions == list(range(1, len(positions) + 1))

    @invariant()
    def all_that_is_needed_after_a_restart_is_kept(self) -> None:
        kept = {each.job_id: each for each in self.room.kept.values()}
        assert kept.keys() == {job.turn.job_id for job in self.room.waiting}
        for turn in (job.turn for job in self.room.waiting):
            copy = kept[turn.job_id]
            assert (copy.priority, copy.place, copy.overtaken) == (
                turn.priority,
                turn.place,
                turn.overtaken,
            )

    @invariant()
    def limits_let_nobody_in_who_must_wait_and_keep_nobody_waiting_who_may_run(self) -> None:
        running = [device.controller for device in self.room.running]
        # Where the limit was lowered those that run may end; no more of them begin.
        assert len(running) <= self.most
        self.most = max(self.room.limit, len(running))
        for controller in set(running) - {None}:
            assert not 0 < self.room.share < running.count(controller)
        for device in self.room.devices.values():
            able = device.queue.next() is not None and not device.permit
            share = 0 if device.controller is None else self.room.share
            is_full = 0 < share <= running.count(device.controller)
            assert not able or is_full or len(running) >= self.room.limit


TestFairness = Fairness.TestCase
TestFairness.settings = settings(max_examples=100, stateful_step_count=80, deadline=None)
