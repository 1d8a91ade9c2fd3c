"""The calls of a session as they are kept while it lasts: beginning and end, in bounded memory."""

from __future__ import annotations

from collections import deque

from flashyard.flash.recordings.transcript import Act, Call

MOST = 1 << 20  # bytes of packets
_BEGINNING = MOST * 3 // 4
_LINE = 100  # bytes that a line takes beside its packet


class Kept:
    """Calls in order. Where they are too many, those in the middle are left out and counted."""

    def __init__(self) -> None:
        self._first: list[Call] = []
        self._last: deque[Call] = deque()
        self._left_out = 0
        self._bytes = 0
        self._is_beginning = True
        self._last_bytes = 0

    def add(self, call: Call) -> None:
        """Keep a call."""
        size = _size(call)
        self._is_beginning = self._is_beginning and self._bytes + size <= _BEGINNING
        if self._is_beginning:
            self._first.append(call)
            self._bytes += size
            return
        self._last.append(call)
        self._last_bytes += size
        while self._last_bytes > MOST - _BEGINNING:
            self._last_bytes -= _size(self._last.popleft())
            self._left_out += 1

    def all(self) -> list[Call]:
        """Give the calls back, with a line where some were left out."""
        gap = []
        if self._left_out:
            at = self._last[0].at if self._last else self._first[-1].at
            gap = [Call(at, Act.LEFT_OUT, size=self._left_out)]
        return [*self._first, *gap, *self._last]


def _size(call: Call) -> int:
    return _LINE + len(call.packet or b"") + len(call.details or "")
