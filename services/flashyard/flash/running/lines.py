"""A job's log: the newest lines said by the device and by us, shared by two threads."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from itertools import islice
from threading import Lock
from time import time
from typing import NamedTuple

MAX_LINES = 500
MAX_TEXT = 1000  # characters; the contract's longest sentence


class Line(NamedTuple):
    """One line, at Unix ms."""

    at: int
    text: str


class Lines:
    """The newest 500 lines, numbered from 0 since the job began; safe to share by threads."""

    def __init__(self, clock: Callable[[], float] = time) -> None:
        self._clock = clock
        self._lines: deque[Line] = deque(maxlen=MAX_LINES)
        self._count = 0
        self._lock = Lock()

    def restore(self, lines: Iterable[Line], count: int) -> None:
        """Begin with the lines of an earlier run, the last of ``count`` there had been by then."""
        with self._lock:
            self._lines.extend(lines)
            self._count = count

    def add(self, text: str) -> None:
        """Add a line, stamped now; what is too long is cut."""
        with self._lock:
            self._lines.append(Line(int(self._clock() * 1000), text[:MAX_TEXT]))
            self._count += 1

    @property
    def count(self) -> int:
        """How many there have been."""
        return self._count

    def since(self, number: int) -> tuple[list[Line], int]:
        """Return the lines from a number on, as far as they are kept, and the next number."""
        with self._lock:
            first = self._count - len(self._lines)
            return list(islice(self._lines, max(0, number - first), None)), self._count
