"""Whose turn is next: one rule, for the jobs of a device and for the devices of a hub.

The highest priority goes first, and among equals who came first; but nobody is overtaken more than
a few times, and then is next whatever comes. It knows neither jobs nor clocks.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace

MAX_OVERTAKEN = 16  # that came later, and began earlier, while a job could have begun


@dataclass(slots=True, eq=False)
class Turn:
    """One job's place among those that wait. All that is to be kept of it is in here.

    Attributes:
        job_id: whose it is.
        priority: 9 goes first.
        place: in the order in which they came, over all of a hub; no two have the same.
        overtaken: how often one that came later has begun since.
    """

    job_id: str
    priority: int
    place: int
    overtaken: int = 0


def _forget(_turn: Turn) -> None:
    """Keep nothing."""


class Turns:
    """The turns of a hub.

    Args:
        keep: called with each turn that has changed, so that it outlives the process.
        bound: how often one is overtaken at most.
    """

    def __init__(
        self, keep: Callable[[Turn], object] = _forget, bound: int = MAX_OVERTAKEN
    ) -> None:
        self._keep = keep
        self._bound = bound
        self._dealt = 0

    def deal(self, job_id: str, priority: int) -> Turn:
        """Give a job the place behind all others."""
        return Turn(job_id, priority, self._next())

    def restore(self, turn: Turn) -> Turn:
        """Take back a turn that was kept, before any new one is dealt: those come after it."""
        self._dealt = max(self._dealt, turn.place)
        return turn

    def change(self, turn: Turn, priority: int) -> bool:
        """Move a job behind those of another priority; False: it has it already, and stays.

        It has been overtaken by nobody there: that counts anew.
        """
        if turn.priority == priority:
            return False
        turn.priority, turn.place, turn.overtaken = priority, self._next(), 0
        self._keep(turn)
        return True

    def first(self, able: Iterable[Turn]) -> Turn | None:
        """Choose who begins next of those that could begin now.

        Who has been overtaken too often, and of several the one that came first, goes before all
        that came later. Its equals that came before it still go before it: so nobody overtakes an
        equal, and nobody who came later overtakes it.
        """
        able = list(able)
        if not able:
            return None
        worn = [turn for turn in able if turn.overtaken >= self._bound]
        priority = min(worn, key=_place).priority if worn else max(turn.priority for turn in able)
        return min((turn for turn in able if turn.priority == priority), key=_place)

    def begin(self, turn: Turn, able: Iterable[Turn]) -> None:
        """Note with those that could have begun as well that another did."""
        for each in able:
            if each.place < turn.place:
                each.overtaken += 1
                self._keep(each)

    def line_up(self, turns: Collection[Turn]) -> list[Turn]:
        """Tell in which order they will begin, if nobody comes and all can."""
        left = {replace(turn): turn for turn in turns}
        rehearsal = Turns(bound=self._bound)
        order: list[Turn] = []
        while (turn := rehearsal.first(left)) is not None:
            order.append(left.pop(turn))
            rehearsal.begin(turn, left)
        return order

    def _next(self) -> int:
        self._dealt += 1
        return self._dealt


def _place(turn: Turn) -> int:
    return turn.place
