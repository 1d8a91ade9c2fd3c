"""The bridge's clock as this hub knows it: the offset learned from announces.

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
        self.monotonic = monotonic
        self._wall = wall
        self._began = self._host_now()
        self._learned = 0  # bridge minus this host, by the newest announce
        self._offset = 0  # the one that is stamped with
        self._anchor: tuple[int, float] | None = None  # (Unix ms, monotonic s) while frozen
        self._frozen_by = 0
        self._last = 0

    @property
    def began(self) -> int:
        """When this hub began; no stamp is earlier."""
        return self._began + self._offset

    @property
    def skew_ms(self) -> int | None:
        """How far this host's clock is ahead of the bridge's; None while it is 2 s or less."""
        return -self._learned if abs(self._learned) > SHOWN_SKEW_MS else None

    def learn(self, bridge_now: int) -> None:
        """Take the offset from an announce that has just come; ``bridge_now``: its Unix ms."""
        self._learned = bridge_now - self._host_now()
        if not self._frozen_by:
            self._set(self._learned)

    def bridge_now(self) -> int:
        """The bridge's time by the newest announce; orders are judged by it."""
        return self._host_now() + self._learned

    def now(self) -> int:
        """The time to stamp with; while frozen it runs on from where the freeze found it."""
        anchor = self._anchor
        if anchor is None:
            return self._host_now() + self._offset
        at, since = anchor
        return at + int((self.monotonic() - since) * 1000)

    def stamp(self) -> int:
        """Stamp a message: :meth:`now`, but never before an earlier stamp."""
        self._last = max(self._last, self.now())
        return self._last

    def freeze(self) -> None:
        """A job begins: let neither an announce nor a set host clock move its times."""
        if not self._frozen_by:
            self._anchor = (self.stamp(), self.monotonic())
        self._frozen_by += 1

    def thaw(self) -> None:
        """A job has ended; with the last one the newest offset counts again."""
        self._frozen_by -= 1
        if not self._frozen_by:
            self._anchor = None
            self._set(self._learned)

    def _set(self, offset: int) -> None:
        self._offset = offset
        if self.now() < self._last - SHOWN_SKEW_MS:
            self._last = 0  # the clock was wrong so far: go on from the right time

    def _host_now(self) -> int:
        return int(self._wall() * 1000)
