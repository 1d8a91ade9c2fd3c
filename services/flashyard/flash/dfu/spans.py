"""Which stretches of an image go to which addresses, and a piece of the image cut along them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from flashyard.flash.images.pieces import Piece


class Span(NamedTuple):
    """The bytes ``[start, end)`` of an image, that go to ``address`` and what follows it."""

    start: int
    end: int
    address: int


class Cut(NamedTuple):
    """Bytes for an address; ``is_last`` of their span."""

    address: int
    data: memoryview
    is_last: bool


class Spans:
    """Stretches in the order of the image, none reaching into another, none empty."""

    def __init__(self, spans: Iterable[Span]) -> None:
        self._spans = [span for span in spans if span.start < span.end]
        self._ends = [span.end for span in self._spans]

    def __iter__(self) -> Iterator[Span]:
        return iter(self._spans)

    def cut(self, piece: Piece) -> Iterator[Cut]:
        """Yield what of a piece goes anywhere, in order."""
        begin, end = piece.offset, piece.offset + len(piece.data)
        for index in range(bisect_right(self._ends, begin), len(self._spans)):
            span = self._spans[index]
            if span.start >= end:
                return
            first, last = max(begin, span.start), min(end, span.end)
            data = piece.data[first - begin : last - begin]
            yield Cut(span.address + first - span.start, data, last == span.end)
