"""How many jobs a hub runs at once over all its devices, first come first served.

It knows neither jobs nor devices.
"""

from __future__ import annotations

import asyncio
from collections import deque


class Slots:
    """Permits to run a job. Unlike a semaphore's, one can be had without awaiting."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._taken = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    def try_take(self) -> bool:
        """Take a permit if one is free and nobody has waited for it."""
        if self._taken >= self.limit or self._waiting:
            return False
        self._taken += 1
        return True

    async def take(self) -> None:
        """Wait for a permit."""
        if self.try_take():
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.give()
            elif turn in self._waiting:
                self._waiting.remove(turn)
            raise

    def give(self) -> None:
        """Give a permit back: the longest waiting one gets it."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._taken -= 1
