"""How many jobs a hub runs at once: over all its devices, and behind each of its USB controllers.

First come first served, among those who can be served. It knows neither jobs nor devices.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple


class Permit(NamedTuple):
    """A permit to run a job; ``controller``: whose share it is of, None: of nobody's."""

    controller: str | None


class _Turn(NamedTuple):
    permit: Permit
    come: asyncio.Future[None]


class Permits:
    """The permits there are. Unlike a semaphore's, one can be had without awaiting.

    Whoever waits for a controller keeps none of the others from running. Nobody waits for ever: of
    those that could run, the one that has waited longest is always next.

    Args:
        limit: permits over all.
        per_controller: permits of each controller; 0: any number.
    """

    def __init__(self, limit: int, per_controller: int = 0) -> None:
        self._limit = limit
        self._share = per_controller or limit
        self._taken: Counter[Permit] = Counter()
        self._waiting: list[_Turn] = []

    def try_take(self, controller: str | None = None) -> Permit | None:
        """Take a permit if there is one, which then nobody waits for."""
        permit = Permit(controller)
        if not self._is_free(permit):
            return None
        self._taken[permit] += 1
        return permit

    async def take(self, controller: str | None = None) -> Permit:
        """Wait for a permit."""
        permit = self.try_take(controller)
        if permit is not None:
            return permit
        turn = _Turn(Permit(controller), asyncio.get_running_loop().create_future())
        self._waiting.append(turn)
        try:
            await turn.come
        except asyncio.CancelledError:
            if turn in self._waiting:
                self._waiting.remove(turn)
            else:
                self.give(turn.permit)
            raise
        return turn.permit

    def give(self, permit: Permit) -> None:
        """Give a permit back; whoever has waited longest for what is free now gets it."""
        self._taken[permit] -= 1
        self._taken = +self._taken
        for turn in self._next():
            self._waiting.remove(turn)
            self._taken[turn.permit] += 1
            turn.come.set_result(None)

    def _next(self) -> Iterator[_Turn]:
        """Tell whose turn it is now, looking anew after each."""
        for turn in list(self._waiting):
            if self._is_free(turn.permit) and not turn.come.done():
                yield turn

    def _is_free(self, permit: Permit) -> bool:
        if self._taken.total() >= self._limit:
            return False
        return permit.controller is None or self._taken[permit] < self._share
