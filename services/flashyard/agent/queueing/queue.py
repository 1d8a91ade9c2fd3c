"""The jobs that wait for one device: bounded, each with its position, and whose turn is next.

Of a job it knows its turn, and whether it may begin yet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Generic, Protocol, TypeVar

from flashyard.agent.queueing.turns import Turn, Turns
from flashyard.contract.faults import Code, refuse
from flashyard.contract.limits import MAX_QUEUE


class Waiter(Protocol):
    """What a queue asks of a job."""

    @property
    def turn(self) -> Turn:
        """Its place in the order."""

    def is_due(self, now: int) -> bool:
        """May it begin: is it not held, and has its time come (Unix ms)?"""

    def moved_up(self, position: int) -> None:
        """Learn its position, which counts from 1."""


W = TypeVar("W", bound=Waiter)


class Queue(Generic[W]):
    """At most 50 waiting jobs, in the order in which they will begin.

    Jobs that may not begin yet keep their place; the others pass them.

    Args:
        turns: of the hub.
        now: Unix ms by the bridge's clock.
    """

    def __init__(self, turns: Turns, now: Callable[[], int]) -> None:
        self._turns = turns
        self._now = now
        self._waiting: list[W] = []

    def __len__(self) -> int:
        return len(self._waiting)

    def __iter__(self) -> Iterator[W]:
        return iter(tuple(self._waiting))

    def __contains__(self, job: object) -> bool:
        return job in self._waiting

    def check_room(self) -> None:
        """See whether one more may wait.

        Raises:
            FaultError: `queue_full`.
        """
        if len(self._waiting) >= MAX_QUEUE:
            raise refuse(Code.QUEUE_FULL)

    def join(self, job: W) -> int:
        """Add a job where its turn puts it; return its position, which counts from 1."""
        self._waiting.append(job)
        self._line_up(but=job)
        return self._waiting.index(job) + 1

    def due(self) -> list[W]:
        """List the jobs that may begin now."""
        now = self._now()
        return [job for job in self._waiting if job.is_due(now)]

    def next(self) -> W | None:
        """Return the job whose turn is next of those that may begin now."""
        turn = self._turns.first(job.turn for job in self.due())
        return next((job for job in self._waiting if job.turn is turn), None)

    def leave(self, job: W) -> None:
        """Remove a job, wherever it stands, if it does."""
        if job in self._waiting:
            self._waiting.remove(job)
            self._line_up()

    def begin(self, job: W) -> None:
        """Remove a job because it begins; who could have begun as well was overtaken."""
        if job in self._waiting:
            self._waiting.remove(job)
            self._turns.begin(job.turn, [each.turn for each in self.due()])
            self._line_up()

    def change(self, job: W, priority: int) -> bool:
        """Move a job behind those of another priority; False: it has that priority already.

        One that has left keeps its turn, too: after a pause it may have to wait again.
        """
        if not self._turns.change(job.turn, priority):
            return False
        self._line_up()
        return True

    def _line_up(self, but: W | None = None) -> None:
        """Put all in order, and tell each its position, except one."""
        jobs = {job.turn: job for job in self._waiting}
        self._waiting = [jobs[turn] for turn in self._turns.line_up(jobs)]
        for position, job in enumerate(self._waiting, 1):
            if job is not but:
                job.moved_up(position)
