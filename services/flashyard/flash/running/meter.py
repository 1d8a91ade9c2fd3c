"""Turns two counters, looked at now and then, into percent, speed and time left.

It does not count itself, and knows no clock but the one it is given.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

SPEED_WINDOW = 2.0
ETA_WINDOW = 10.0
# Samples closer than this are merged, so that the windows are bounded however often one looks.
SPACING = 0.1
# What the socket's buffers swallow at once is no speed: no window counts as shorter.
SHORTEST = 0.25
ALMOST = 99.9
LONGEST_ETA = 0x7FFFFFFF


class Reading(NamedTuple):
    """What to tell: never falling, never negative, never unknown.

    Attributes:
        progress: percent, at most one decimal; 100.0 only from :meth:`Meter.finish`.
        bytes: content bytes done, a high-water mark.
        speed: bytes per second on the wire over the last 2 s; 0, or at least 1.
        average: bytes per second on the wire since the meter was made.
        eta: seconds left at the content's rate over the last 10 s; 0 while there is none to tell.
    """

    progress: float
    bytes: int
    speed: int
    average: int
    eta: int


class _Look(NamedTuple):
    at: float
    content: int
    wire: int


class Meter:
    """Watches one run: ``total`` content bytes, ``clock`` in monotonic seconds.

    ``so_far``: content bytes that were there before.
    """

    def __init__(self, total: int, clock: Callable[[], float], so_far: int = 0) -> None:
        self._total = total
        self._clock = clock
        self._start = _Look(clock(), min(so_far, total), 0)
        self._last = self._start
        self._looks = deque([self._start])

    def sample(self, content: int, wire: int) -> Reading:
        """Look at the counters: content bytes done, and bytes sent since the job began."""
        last = self._last
        self._last = _Look(
            max(self._clock(), last.at),
            max(min(content, self._total), last.content),
            max(wire, last.wire),
        )
        self._remember(self._last)
        return self._reading(self.percent(self._last.content), self._eta())

    def percent(self, content: int) -> float:
        """Tell how far that many bytes are, short of the end."""
        tenths = 1000 * content // self._total if self._total else 0
        return min(tenths / 10, ALMOST)

    def finish(self) -> Reading:
        """Give the one reading of 100 %, all bytes done."""
        self._last = self._last._replace(at=max(self._clock(), self._last.at), content=self._total)
        return self._reading(100.0, 0)

    def _reading(self, progress: float, eta: int) -> Reading:
        last = self._last
        before = self._before(SPEED_WINDOW)
        return Reading(
            progress,
            last.content,
            _whole_rate(last.wire - before.wire, last.at - before.at),
            _whole_rate(last.wire - self._start.wire, last.at - self._start.at),
            eta,
        )

    def _eta(self) -> int:
        left = self._total - self._last.content
        # When the device is busy for longer than the window, the whole job's rate has to do.
        for before in (self._before(ETA_WINDOW), self._start):
            if done := self._last.content - before.content:
                elapsed = max(self._last.at - before.at, SHORTEST)
                return min(math.ceil(left * elapsed / done), LONGEST_ETA)
        return 0

    def _remember(self, look: _Look) -> None:
        looks = self._looks
        if len(looks) > 1 and look.at - looks[-2].at < SPACING:
            looks[-1] = look
        else:
            looks.append(look)
        while len(looks) > 1 and looks[1].at <= look.at - ETA_WINDOW:
            looks.popleft()

    def _before(self, window: float) -> _Look:
        """Find the newest look that is at least so old, or else the oldest."""
        edge = self._last.at - window
        before = self._looks[0]
        for look in self._looks:
            if look.at > edge:
                break
            before = look
        return before


def _whole_rate(amount: int, elapsed: float) -> int:
    """Give whole units per second; something is never told as nothing."""
    rate = int(amount / max(elapsed, SHORTEST))
    return max(rate, 1) if amount else 0
