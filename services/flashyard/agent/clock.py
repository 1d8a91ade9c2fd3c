"""The bridge's clock as this hub knows it: the offset learned from announces, never going back.

It knows no message; durations are not its business (those are monotonic).
"""

from __future__ import annotations

import time
from collections.abc import Callable

SHOWN_SKEW_MS = 2_000  # a skew up to this is nobody's concern


class Clock:
    """Unix milliseconds by the bridge's clock; :meth:`now` may be asked from any thread."""

    def __init__(
        self,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wall = wall
        self._monotonic = monotonic
        self._offset = 0  # bridge minus this host
        self._anchor: tuple[int, float] | None = None  # (Unix ms, monotonic s) while frozen
        self._frozen_by = 0
        self._last = 0

    @property
    def skew_ms(self) -> int | None:
        """How far this host's clock is ahead of the bridge's; None while it is 2 s or less."""
        return -self._offset if abs(self._offset) > SHOWN_SKEW_MS else None

    def learn(self, bridge_now: int) -> None:
        """Take the offset from an announce that has just come; ``bridge_now``: its Unix ms."""
        self._offset = bridge_now - self._host_now()

    def bridge_now(self) -> int:
        """The bridge's time by the newest announce; orders are judged by it."""
        return self._host_now() + self._offset

    def now(self) -> int:
        """The time to stamp with; while frozen it runs on from where the first freeze found it."""
        anchor = self._anchor
        if anchor is None:
            return self.bridge_now()
        at, since = anchor
        return at + int((self._monotonic() - since) * 1000)

    def stamp(self) -> int:
        """Stamp a message: :meth:`now`, but never before an earlier stamp."""
        self._last = max(self._last, self.now())
        return self._last

    def freeze(self) -> None:
        """A job begins: let neither an announce nor a set host clock move its times."""
        if not self._frozen_by:
            self._anchor = (self.bridge_now(), self._monotonic())
        self._frozen_by += 1

    def thaw(self) -> None:
        """A job has ended; with the last one the newest offset counts again."""
        self._frozen_by -= 1
        if not self._frozen_by:
            self._anchor = None

    def _host_now(self) -> int:
        return int(self._wall() * 1000)
