"""How many jobs a hub runs at once: over all its devices, and behind each of its USB controllers.

Whose turn is next among those that wait is the same rule as in a queue. It knows no device.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import NamedTuple

from flashyard.agent.queueing.turns import Turn, Turns

_PARALLEL = "jobs at once"  # as it is written down

Keep = Callable[[str, int], object]


class Permit(NamedTuple):
    """A permit to run a job; ``controller``: whose share it is of, None: of nobody's."""

    controller: str | None


class Request:
    """Somebody's wish for a permit; ``permit`` is it once it was granted."""

    def __init__(self, wanted: Permit, turn: Turn, come: Callable[[], None]) -> None:
        self.permit: Permit | None = None
        self.wanted = wanted
        self.turn = turn
        self.come = come


def _forget(_what: str, _limit: int) -> None:
    """Keep nothing."""


class Permits:
    """The permits there are.

    Whoever waits for a controller keeps none of the others from running: nobody waits who could
    run, and of those that could the turn decides.

    Args:
        turns: of this hub.
        limit: permits over all.
        per_controller: permits of each controller; 0: any number.
        keep: writes down how many there are, once that was changed.
    """

    def __init__(
        self, turns: Turns, limit: int, per_controller: int = 0, keep: Keep = _forget
    ) -> None:
        self._turns = turns
        self._keep = keep
        self._limit = limit
        self._share = per_controller
        self._taken: Counter[Permit] = Counter()
        self._waiting: list[Request] = []

    @property
    def limit(self) -> int:
        """How many there are over all."""
        return self._limit

    @property
    def are_out(self) -> bool:
        """Is there none at all, whatever the controller?"""
        return self._taken.total() >= self._limit

    def restore(self, kept: Mapping[str, int]) -> None:
        """Take how many an earlier run of the hub had, by what it wrote down."""
        self._limit = kept.get(_PARALLEL, self._limit)

    def change(self, limit: int) -> None:
        """Have more of them, which go out at once, or fewer, as those that are out come back."""
        self._keep(_PARALLEL, limit)
        self._limit = limit
        self._let_in()

    def try_take(self, controller: str | None = None) -> Permit | None:
        """Take a permit if there is one, which then nobody waits for."""
        permit = Permit(controller)
        if not self._is_free(permit):
            return None
        self._taken[permit] += 1
        return permit

    def ask(self, controller: str | None, turn: Turn, come: Callable[[], None]) -> Request:
        """Wish for a permit; ``come`` is called once it is there, which may be at once.

        To wish again after a :meth:`withdraw` costs nothing: the place is in the turn.
        """
        request = Request(Permit(controller), turn, come)
        self._waiting.append(request)
        self._let_in()
        return request

    def withdraw(self, request: Request) -> None:
        """Wish for it no more; one that was granted goes back."""
        if request in self._waiting:
            self._waiting.remove(request)
        elif request.permit is not None:
            permit, request.permit = request.permit, None
            self.give(permit)

    def give(self, permit: Permit) -> None:
        """Give a permit back; whose turn is next gets it."""
        self._taken[permit] -= 1
        self._taken = +self._taken
        self._let_in()

    def _let_in(self) -> None:
        while (turn := self._turns.first(able := self._able())) is not None:
            request = able.pop(turn)
            self._waiting.remove(request)
            self._taken[request.wanted] += 1
            self._turns.begin(turn, able)
            request.permit = request.wanted
            request.come()

    def _able(self) -> dict[Turn, Request]:
        if self.are_out:
            return {}
        return {each.turn: each for each in self._waiting if self._is_free(each.wanted)}

    def _is_free(self, permit: Permit) -> bool:
        if self.are_out:
            return False
        return permit.controller is None or not 0 < self._share <= self._taken[permit]
