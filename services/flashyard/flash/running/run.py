"""One run of a recipe as two threads see it: the writer's thread counts, the event loop looks.

Only the writer's thread writes here, but for :meth:`Run.cancel`, :meth:`Run.pause` and
``is_followed``. Nothing calls upward but ``keep``, which has a mark made durable.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from threading import Event, Lock
from typing import Any, NamedTuple

from flashyard.contract.faults import Code, refuse
from flashyard.contract.phases import CANCELLABLE, Phase, Status, Verification, move
from flashyard.contract.rollback import Outcome
from flashyard.flash.running.aftermath import in_words
from flashyard.flash.running.lines import Lines
from flashyard.flash.running.mark import Mark
from flashyard.flash.target import Description, Taken
from flashyard.flash.throttle.allowance import FREE, Allowance

MAX_TURNS = 100
# A part takes some seconds. One that takes longer is broken off for a pause, and sent again after.
PAUSE_PATIENCE = 5.0
_ASK_AGAIN = 0.2  # s; while a mark is made durable, whether the run was cancelled meanwhile

Keep = Callable[[Mark], Event]
"""Begins to make a mark durable; the event is set once it is."""


class PausedError(Exception):
    """Raised at a safe point of a run that was asked to pause; ``Run.mark`` is where it stands."""


class Where(NamedTuple):
    """Where a run is, replaced as a whole so that no reader sees half of a change.

    Attributes:
        phase: drives code.
        stage: for people, such as "Flashing system partition".
        step: the index of the step it is at.
        revision: counts the changes.
        content: bytes that were taken when it came there.
        at: when it came there, by the run's clock.
    """

    phase: Phase
    stage: str
    step: int
    revision: int
    content: int
    at: float


class StepTally:
    """How far one step is: content ``bytes`` taken, its status, and its place's own name."""

    def __init__(self, partition: str, so_far: int = 0) -> None:
        self.partition = partition
        self.status = Status.QUEUED
        self.bytes = so_far
        self.place: str | None = None


class Run:
    """The shared ground of one run; ``clock`` tells monotonic seconds.

    Args:
        partitions: what its steps write.
        lines: the log.
        clock: monotonic seconds.
        keep: has marks made durable; what follows a mark waits for that.
        since: where an earlier run of the same recipe stood, which this one goes on from.
        allowance: how fast it may send.
        stage: what it is at first.

    Attributes:
        where: phase, stage and step, as one value.
        content: content bytes taken over all steps; never falls.
        wire: bytes sent, whatever they stood for.
        steps: one tally per step.
        lines: the log, the device's own lines among it.
        description: who the device said it is, once it has.
        device_state: what the run has left on the device so far, for people.
        verification: how far the result is checked, so far.
        is_followed: does another run wait for the device? It then does the restart.
        restart_left: was the restart left to it?
        mark: the last safe point.
        rollback: what came of its way back; until one is gone none was needed.
        breaths: counts on while the writer's thread waits for something on purpose, and shows
            thereby that it lives.
    """

    def __init__(
        self,
        partitions: tuple[str, ...],
        lines: Lines | None = None,
        clock: Callable[[], float] = time.monotonic,
        keep: Keep | None = None,
        since: Mark | None = None,
        *,
        allowance: Allowance = FREE,
        stage: str = "Preparing",
    ) -> None:
        self.allowance = allowance
        self._clock = clock
        self._keep = keep
        self.mark = since or Mark(bytes=(0,) * len(partitions))
        # What cannot be gone on with can be taken back at most.
        phase = Phase.PREPARING if self.mark.can_be_taken_up else self.mark.phase
        self.where = Where(phase, stage, 0, 0, 0, clock())
        self._turns = deque([self.where], MAX_TURNS)
        self.content = sum(self.mark.bytes)
        self.wire = 0
        self.steps = tuple(map(StepTally, partitions, self.mark.bytes))
        for tally in self.steps[: self.mark.done]:
            tally.status = Status.COMPLETED
        self.lines = lines or Lines()
        self.description: Description | None = None
        self.device_state = in_words(self.mark.left)
        self.verification = Verification.NONE
        self.is_followed = False
        self.restart_left = False
        self.rollback: Outcome = "not_needed"
        self.breaths = 0
        self._cancel = Event()
        self._pause: float | None = None  # when it was asked for
        self._turn = Lock()

    def cancel(self) -> bool:
        """Ask the run to end at its next safe point; False: it is past the last one.

        Not for the writer's thread.
        """
        with self._turn:
            if self.where.phase not in CANCELLABLE:
                return False
            self._cancel.set()
            return True

    def pause(self) -> bool:
        """Ask the run to stop at its next safe point; False: it is past the last one.

        Not for the writer's thread.
        """
        with self._turn:
            if self.where.phase not in CANCELLABLE:
                return False
            self._pause = self._clock() if self._pause is None else self._pause
            return True

    def go_on(self) -> None:
        """Take back what :meth:`pause` asked for, where it has not happened yet."""
        with self._turn:  # or a phase is entered with the mark of the one before
            self._pause = None

    @property
    def is_cancelled(self) -> bool:
        """Has it been asked to end?"""
        return self._cancel.is_set()

    @property
    def is_throttled(self) -> bool:
        """Does it send nothing right now because it may not, whatever the device would take?"""
        return self.allowance.is_waited_for

    def wait(self, seconds: float) -> None:
        """Sleep in the writer's thread; a request to end cuts it short."""
        self.breaths += 1
        self._cancel.wait(seconds)

    def safe_point(self) -> None:
        """End or stop here if asked to.

        Raises:
            FaultError: `cancelled`.
            PausedError: it is to be gone on with later.
        """
        self.breaking_point()
        if self._pause is not None:
            raise PausedError

    def breaking_point(self, *, can_take_up: bool = False) -> None:
        """End here if asked to, or stop where the next safe point has been too long in coming.

        ``can_take_up``: can what is broken off here be begun again?
        Raises as :meth:`safe_point`.
        """
        if self._cancel.is_set():
            raise refuse(Code.CANCELLED)
        if can_take_up and self._is_overdue():
            raise PausedError

    def hold(self, seconds: float, *, can_take_up: bool) -> bool:
        """Sleep as :meth:`wait` does; True: :meth:`breaking_point` would not be passed now."""
        self.wait(seconds)
        return self._cancel.is_set() or (can_take_up and self._is_overdue())

    def _is_overdue(self) -> bool:
        asked = self._pause
        return asked is not None and self._clock() - asked > PAUSE_PATIENCE

    def enter(self, phase: Phase, stage: str, step: int | None = None) -> None:
        """Go to a phase, or give the present one another stage; a safe point while there are any.

        A new phase is made durable before it is entered.

        Raises:
            FaultError: `cancelled`.
            PausedError: it is to be gone on with later.
            IllegalMoveError: there is no such way.
        """
        there = phase if phase is self.where.phase else move(self.where.phase, phase)
        stands_at = self.mark
        if self.where.phase in CANCELLABLE:
            self.safe_point()
        if there is not stands_at.phase:
            self._note(phase=there)
        with self._turn:
            here = self.where
            if here.phase in CANCELLABLE and (self._cancel.is_set() or self._pause is not None):
                self.mark = stands_at
                self.safe_point()
            step = here.step if step is None else step
            self.where = Where(there, stage, step, here.revision + 1, self.content, self._clock())
            self._turns.append(self.where)

    def turn_back(self, stage: str) -> None:
        """Go on the way back, which nobody can end; should this process end, it was begun."""
        self._cancel.clear()
        self._pause = None
        self.rollback = "failed"
        if self.where.phase is Phase.PREPARING:
            self.enter(Phase.IDENTIFYING, stage)
        self.enter(Phase.ROLLING_BACK, stage)

    def met(self, device: Description) -> None:
        """Note who the device says it is."""
        self.mark = self.mark.with_(
            met=True,
            mode=device.mode,
            serial=device.serial,
            product=device.product,
            slot=device.current_slot,
        )

    def cut(self, limit: int, part_size: int, parts: int) -> None:
        """Note how the parts are cut that come now, and how many so cut are there already."""
        self.mark = self.mark.with_(limit=limit, part_size=part_size, parts=parts)

    def left(self, things: dict[str, str], told: str) -> None:
        """Note what is left on the device by now, by thing and in one line."""
        self.device_state = told
        self.mark = self.mark.with_(left=things)

    def written(self, parts: int) -> None:
        """Make durable that so many parts of the present step are written.

        Raises:
            FaultError: `cancelled`, while that takes long.
        """
        self._note(parts=parts, bytes=tuple(tally.bytes for tally in self.steps))

    def done(self, steps: int) -> None:
        """Make durable that so many steps are over."""
        self._note(done=steps, parts=0, bytes=tuple(tally.bytes for tally in self.steps))

    def _note(self, **facts: Any) -> None:
        mark = self.mark.with_(**facts)
        if self._keep is not None:
            is_kept = self._keep(mark)
            while not is_kept.wait(_ASK_AGAIN):
                self.breaths += 1
                if self.where.phase in CANCELLABLE:
                    self.breaking_point()
        self.mark = mark

    def turns(self, after: int) -> list[Where]:
        """Tell every place it came to after a revision, however short it stayed; the last 100."""
        with self._turn:
            return [where for where in self._turns if where.revision > after]

    def count(self, step: int, taken: Taken, position: int) -> None:
        """Note bytes just taken; ``position``: content bytes of the step taken by now.

        A part that is sent again moves the position back, and the counts stay where they were.
        """
        self.wire += taken.wire
        tally = self.steps[step]
        if position > tally.bytes:
            self.content += position - tally.bytes
            tally.bytes = position
