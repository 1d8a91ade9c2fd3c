"""One run of a recipe as two threads see it: the writer's thread counts, the event loop looks.

Only the writer's thread writes here, but for :meth:`Run.cancel` and ``is_followed``. Nothing
calls upward.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from threading import Event, Lock
from typing import NamedTuple

from flashyard.contract.faults import Code, refuse
from flashyard.contract.phases import CANCELLABLE, Phase, Status, Verification, move
from flashyard.flash.running.lines import Lines
from flashyard.flash.target import Description, Taken

MAX_TURNS = 100


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
    """How far one step is: content ``bytes`` taken, and its status."""

    def __init__(self, partition: str) -> None:
        self.partition = partition
        self.status = Status.QUEUED
        self.bytes = 0


class Run:
    """The shared ground of one run; ``clock`` tells monotonic seconds.

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
    """

    def __init__(
        self,
        partitions: tuple[str, ...],
        lines: Lines | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self.where = Where(Phase.PREPARING, "Preparing", 0, 0, 0, clock())
        self._turns = deque([self.where], MAX_TURNS)
        self.content = 0
        self.wire = 0
        self.steps = tuple(StepTally(name) for name in partitions)
        self.lines = lines or Lines()
        self.description: Description | None = None
        self.device_state = "untouched"
        self.verification = Verification.NONE
        self.is_followed = False
        self.restart_left = False
        self._cancel = Event()
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

    @property
    def is_cancelled(self) -> bool:
        """Has it been asked to end?"""
        return self._cancel.is_set()

    def wait(self, seconds: float) -> None:
        """Sleep in the writer's thread; a request to end cuts it short."""
        self._cancel.wait(seconds)

    def safe_point(self) -> None:
        """End here if asked to.

        Raises:
            FaultError: `cancelled`.
        """
        if self._cancel.is_set():
            raise refuse(Code.CANCELLED)

    def enter(self, phase: Phase, stage: str, step: int | None = None) -> None:
        """Go to a phase, or give the present one another stage; a safe point while there are any.

        Raises:
            FaultError: `cancelled`.
            IllegalMoveError: there is no such way.
        """
        with self._turn:
            here = self.where
            if here.phase in CANCELLABLE:
                self.safe_point()
            there = phase if phase is here.phase else move(here.phase, phase)
            step = here.step if step is None else step
            self.where = Where(there, stage, step, here.revision + 1, self.content, self._clock())
            self._turns.append(self.where)

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
