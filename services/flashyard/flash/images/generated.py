"""An image that needs no file: bytes no compressor can shrink, the same for the same seed.

It is a source as an image is one; flashing it is as real as flashing a file.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cached_property

from flashyard.flash.images.extents import Extent
from flashyard.flash.images.sparse import ChunkKind
from flashyard.flash.images.splitting import effective_limit, split
from flashyard.flash.source import BLOCK_SIZE, MIB, PART_SIZE, Buffers, Kind, Part


class Generated:
    """``size`` incompressible bytes, any of which can be asked for again.

    One random MiB is rewritten for every MiB of the stream in a random alphabet of its own: no
    two pieces match, and that is five times as fast as drawing every byte.
    """

    kind = Kind.RAW

    def __init__(self, seed: str, size: int) -> None:
        self._seed = seed
        self.size = size

    @property
    def expanded_size(self) -> int:
        """The bytes of the partition it spans: all of its own."""
        return self.size

    @property
    def content_size(self) -> int:
        """The bytes it writes there: all of its own."""
        return self.size

    def views(self, offset: int, length: int) -> Iterator[memoryview]:
        """Yield the bytes ``[offset, offset + length)`` in order, at most 1 MiB at a time."""
        end = offset + length
        while offset < end:
            number, start = divmod(offset, MIB)
            view = memoryview(self._mebibyte(number))[start : start + end - offset]
            yield view
            offset += len(view)

    def count(self, limit: int, *, part_size: int = PART_SIZE, block_size: int = BLOCK_SIZE) -> int:
        """Count the parts."""
        return sum(1 for _ in self.parts(limit, part_size=part_size, block_size=block_size))

    def parts(
        self, limit: int, *, part_size: int = PART_SIZE, block_size: int = BLOCK_SIZE
    ) -> Iterator[Part]:
        """Cut into parts as :class:`Source` says: one raw part, or sparse ones of RAW chunks."""
        limit = effective_limit(limit, part_size)
        if self.size <= limit:
            return iter((Part(self.size, self.size, sparse=False, buffers=self._whole),))
        blocks = -(-self.size // block_size)
        return split(
            [Extent(ChunkKind.RAW, 0, blocks, self.size)],
            blk_sz=block_size,
            total_blks=blocks,
            limit=limit,
            views=self.views,
        )

    def _whole(self) -> Buffers:
        for view in self.views(0, self.size):
            yield view, len(view)

    @cached_property
    def _base(self) -> bytes:
        return self._random("base").randbytes(MIB)

    def _mebibyte(self, number: int) -> bytes:
        alphabet = self._random(str(number)).sample(range(256), 256)
        return self._base.translate(bytes(alphabet))

    def _random(self, purpose: str) -> random.Random:
        return random.Random(f"{self._seed}:{purpose}")  # noqa: S311 (no secret, only noise)
