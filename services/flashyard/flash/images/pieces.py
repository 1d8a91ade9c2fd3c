"""A part as it comes to lie on a medium: bytes at offsets, fills spelled out, gaps left out.

For targets that write by themselves. It knows no medium, and holds one MiB at most.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from flashyard.flash.images.sparse_reader import Data, Event, Fill, SparseReader
from flashyard.flash.source import MIB, Part

# A multiple of the pattern's 4 bytes.
LONGEST = MIB


class Piece(NamedTuple):
    """At most 1 MiB for ``offset``; ``content`` of it counts, the rest pads a block.

    ``data`` is valid until the next piece is asked for.
    """

    offset: int
    data: memoryview
    content: int


def pieces(part: Part) -> Iterator[Piece]:
    """Yield a part's bytes in order; what a sparse one leaves alone is left out.

    Raises:
        FaultError: `image_corrupt`, and what the source raises.
    """
    spread = _sparse(part) if part.sparse else _raw(part)
    stands_for = 0  # content of the present buffer not yet given to a piece
    for offset, data, content in spread:
        stands_for += content
        for at in range(0, len(data), LONGEST):
            view = data[at : at + LONGEST]
            counted = min(len(view), stands_for)
            stands_for -= counted
            yield Piece(offset + at, view, counted)


_Spread = Iterator[tuple[int, memoryview, int]]


def _raw(part: Part) -> _Spread:
    position = 0
    for buffer, content in part.buffers():
        yield position, memoryview(buffer), content
        position += len(buffer)


def _sparse(part: Part) -> _Spread:
    reader = SparseReader()
    for buffer, content in part.buffers():
        yield 0, memoryview(b""), content
        for event in reader.feed(buffer):
            yield from _laid_out(event)
    reader.finish()


def _laid_out(event: Event) -> _Spread:
    if isinstance(event, Data):
        yield event.offset, event.data, 0
    elif isinstance(event, Fill):
        same = memoryview(event.pattern * (min(LONGEST, event.length) // len(event.pattern)))
        for at in range(0, event.length, LONGEST):
            yield event.offset + at, same[: event.length - at], 0
