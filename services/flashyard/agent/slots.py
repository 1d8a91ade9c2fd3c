"""How many jobs a hub runs at once: over all its devices, and behind each of its USB controllers.

First come first served, among those who can be served. It knows neither jobs nor devices.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple


class Slot(NamedTuple):
    """A permit to run a job; ``controller``: whose share it is of, None: of nobody's."""

    controller: str | None


class _Turn(NamedTuple):
    slot: Slot
    come: asyncio.Future[None]


class Slots:
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
        self._taken: Counter[Slot] = Counter()
        self._waiting: list[_Turn] = []

    def try_take(self, controller: str | None = None) -> Slot | None:
        """Take a permit if there is one, which then nobody waits for."""
        slot = Slot(controller)
        if not self._is_free(slot):
            return None
        self._taken[slot] += 1
        return slot

    async def take(self, controller: str | None = None) -> Slot:
        """Wait for a permit."""
        slot = self.try_take(controller)
        if slot is not None:
            return slot
        turn = _Turn(Slot(controller), asyncio.get_running_loop().create_future())
        self._waiting.append(turn)
        try:
            await turn.come
        except asyncio.CancelledError:
            if turn in self._waiting:
                self._waiting.remove(turn)
            else:
                self.give(turn.slot)
            raise
        return turn.slot

    def give(self, slot: Slot) -> None:
        """Give a permit back; whoever has waited longest for what is free now gets it."""
        self._taken[slot] -= 1
        self._taken = +self._taken
        for turn in self._next():
            self._waiting.remove(turn)
            self._taken[turn.slot] += 1
            turn.come.set_result(None)

    def _next(self) -> Iterator[_Turn]:
        """Tell whose turn it is now, looking anew after each."""
        for turn in list(self._waiting):
            if self._is_free(turn.slot) and not turn.come.done():
                yield turn

    def _is_free(self, slot: Slot) -> bool:
        if self._taken.total() >= self._limit:
            return False
        return slot.controller is None or self._taken[slot] < self._share
