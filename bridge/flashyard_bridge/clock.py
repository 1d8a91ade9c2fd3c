"""The clock that hubs are told: this host's, but where that is set it waits until they know.

An order is judged by when it was issued, so none may carry a time that was not announced.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import NoReturn

from flashyard.elapsed import since_boot

JUMP_MS = 1_000  # a smaller step is taken over without a word
_EVERY = 1.0  # seconds between two looks at the host's clock

_log = logging.getLogger(__name__)


class BridgeClock:
    """Unix milliseconds; between two looks at the host's clock it runs by itself.

    Args:
        wall: the host's clock, Unix seconds.
        elapsed: seconds that have gone by, those in which the host was suspended among them.
    """

    def __init__(
        self, wall: Callable[[], float] = time.time, elapsed: Callable[[], float] = since_boot
    ) -> None:
        self._wall = wall
        self._elapsed = elapsed
        self._at, self._since = self._host_now(), elapsed()

    def now(self) -> int:
        """Tell the time."""
        return self._at + int((self._elapsed() - self._since) * 1000)

    def look(self) -> bool:
        """Take over the host's clock; True: it was set, and hubs have to be told."""
        before = self.now()
        self._at, self._since = self._host_now(), self._elapsed()
        jump = self._at - before
        if abs(jump) < JUMP_MS:
            return False
        _log.warning("this host's clock was set by %+.1f s; the hubs are told", jump / 1000)
        return True

    async def watch(self, jumped: Callable[[], None]) -> NoReturn:
        """Look for ever; ``jumped`` is called before anybody else asks for the time."""
        while True:
            await asyncio.sleep(_EVERY)
            if self.look():
                jumped()

    def _host_now(self) -> int:
        return int(self._wall() * 1000)
