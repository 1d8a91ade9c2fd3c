"""Which blocks of a piece hold anything but zeros: what a file with holes has to keep."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import NamedTuple

from flashyard.flash.source import BLOCK_SIZE

_ZEROS = bytes(BLOCK_SIZE)


class Stretch(NamedTuple):
    """Blocks in a row, in bytes of the piece; the last of a piece may be cut short."""

    start: int
    end: int


def stretches(piece: memoryview) -> Iterator[Stretch]:
    """Yield where a piece that begins at a block is not all zeros."""
    empty = (
        piece[at : at + BLOCK_SIZE] == _ZEROS[: len(piece) - at]
        for at in range(0, len(piece), BLOCK_SIZE)
    )
    block = 0
    for is_empty, alike in itertools.groupby(empty):
        blocks = sum(1 for _ in alike)
        if not is_empty:
            yield Stretch(block * BLOCK_SIZE, min((block + blocks) * BLOCK_SIZE, len(piece)))
        block += blocks
