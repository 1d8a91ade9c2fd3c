"""The bridge's clock as this hub knows it: what an announce said, and what has gone by since.

This host's wall clock may be set at any time; it counts for nothing but the skew that is shown.
It knows no message; deadlines of devices are not its business (those are monotonic).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

from flashyard.elapsed import since_boot

SHOWN_SKEW_MS = 2_000  # a skew up to this is nobody's concern


class _Mark(NamedTuple):
    """It was this Unix ms when that many seconds had gone by."""

    at: int
    elapsed: float

    def then(self, elapsed: float) -> int:
        return self.at + int((elapsed - self.elapsed) * 1000)


class Clock:
    """Unix milliseconds by the bridge's clock; :meth:`now` may be asked from any thread.

    Args:
        wall: this host's clock, Unix seconds; until an announce it is the best there is.
        monotonic: seconds of this host at work, for whoever waits for a device.
        elapsed: seconds, those in which the host was suspended among them.
    """

    def __init__(
        self,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        elapsed: Callable[[], float] = since_boot,
    ) -> None:
        self.monotonic = monotonic
        self.elapsed = elapsed
        self._wall = wall
        self._born = elapsed()
        self._learned = _Mark(self._host_now(), self._born)  # by the newest announce
        self._told = self._learned  # the one that is stamped with
        self._is_told = False  # by a bridge
        self._frozen_by = 0
        self._last = 0

    @property
    def began(self) -> int:
        """When this hub began; no stamp is earlier."""
        return self._told.then(self._born)

    @property
    def skew_ms(self) -> int | None:
        """How far this host's clock is ahead of the bridge's; None while it is 2 s or less."""
        skew = self._host_now() - self.bridge_now() if self._is_told else 0
        return skew if abs(skew) > SHOWN_SKEW_MS else None

    def learn(self, bridge_now: int) -> None:
        """Take the time from an announce that has just come; ``bridge_now``: its Unix ms."""
        is_close = abs(bridge_now - self.now()) <= SHOWN_SKEW_MS
        self._learned = _Mark(bridge_now, self.elapsed())
        if is_close or not (self._is_told and self._frozen_by):
            self._adopt()
        self._is_told = True

    def bridge_now(self) -> int:
        """The bridge's time by the newest announce; orders are judged by it."""
        return self._learned.then(self.elapsed())

    def now(self) -> int:
        """The time to stamp with; while frozen it runs on from where the freeze found it."""
        return self._told.then(self.elapsed())

    def stamp(self) -> int:
        """Stamp a message: :meth:`now`, but never before an earlier stamp."""
        self._last = max(self._last, self.now())
        return self._last

    def not_before(self, at: int) -> None:
        """Go on from a stamp (Unix ms) that an earlier run of this hub gave."""
        self._last = max(self._last, at)

    def freeze(self) -> None:
        """A job is taken on: let no announce move its times, but for a crystal's drift.

        The first announce of all counts: until then the clock was a guess.
        """
        if not self._frozen_by:
            self._told = _Mark(self.stamp(), self.elapsed())
        self._frozen_by += 1

    def thaw(self) -> None:
        """A job is over; with the last one the newest announce counts again."""
        self._frozen_by -= 1
        if not self._frozen_by:
            self._adopt()

    def _adopt(self) -> None:
        self._told = self._learned
        if not self._frozen_by and self.now() < self._last - SHOWN_SKEW_MS:
            self._last = 0  # the clock was wrong so far: go on from the right time

    def _host_now(self) -> int:
        return int(self._wall() * 1000)
