"""A link of limited speed: whoever moves bytes over it waits until they would have arrived.

Knows neither transport nor direction.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock

_STEPS_PER_S = 20
_CREDIT_S = 0.05


class Throttle:
    """A token bucket shared by everyone on one link.

    An idle link saves at most 50 ms of credit: enough to make up for a late wake-up, no burst.
    """

    def __init__(
        self, bytes_per_s: int, wait: Callable[[float], object], clock: Callable[[], float]
    ) -> None:
        self._rate = bytes_per_s
        self._wait = wait
        self._clock = clock
        self._free_at = clock()
        self._lock = Lock()

    @property
    def step(self) -> int:
        """Bytes to move at a time, so that even a slow link moves 20 times a second."""
        return max(1, self._rate // _STEPS_PER_S)

    def passed(self, count: int) -> None:
        """Wait until `count` more bytes fit through the link."""
        with self._lock:
            now = self._clock()
            self._free_at = max(self._free_at, now - _CREDIT_S) + count / self._rate
            due = self._free_at - now
        if due > 0:
            self._wait(due)


def open_throttle(bytes_per_s: int | None, wait: Callable[[float], object]) -> Throttle | None:
    """Make the throttle of a link, or None where it has no limit."""
    return None if bytes_per_s is None else Throttle(bytes_per_s, wait, time.monotonic)
