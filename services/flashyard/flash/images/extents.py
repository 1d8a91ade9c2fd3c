"""What an image file puts where: extents, told by its zeros or by its headers.

It reads and describes; cutting them into downloads is `splitting`'s business.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from typing import NamedTuple

from flashyard.flash.images.sparse import (
    CHUNK_HEADER_SIZE,
    HEADER_SIZE,
    PATTERN_SIZE,
    Chunk,
    ChunkKind,
    Header,
    Tally,
    corrupt,
)
from flashyard.flash.images.zeros import Zeros

ZERO = bytes(PATTERN_SIZE)


class Extent(NamedTuple):
    """Blocks in a row that are written alike.

    ``start`` and ``blocks`` count blocks; ``content`` are the bytes the extent stands for, less
    than its blocks hold where a raw image ends within one; ``origin`` is where a RAW extent's
    data begins in the source; ``pattern`` is a FILL extent's.
    """

    kind: ChunkKind
    start: int
    blocks: int
    content: int = 0
    origin: int = 0
    pattern: bytes = ZERO

    @property
    def end(self) -> int:
        """The block after the extent."""
        return self.start + self.blocks

    def cut(self, blocks: int, blk_sz: int) -> tuple[Extent, Extent]:
        """Cut in two, the first of so many blocks."""
        size = blocks * blk_sz
        head = self._replace(blocks=blocks, content=min(size, self.content))
        tail = self._replace(
            start=self.start + blocks,
            blocks=self.blocks - blocks,
            content=self.content - head.content,
            origin=self.origin + size,
        )
        return head, tail

    def continues(self, other: Extent, blk_sz: int) -> bool:
        """Say whether this extent and the other before it can be told as one."""
        if self.kind is not other.kind or self.start != other.end:
            return False
        if self.kind is ChunkKind.RAW:
            return self.origin == other.origin + other.blocks * blk_sz
        return self.pattern == other.pattern


def raw_extents(zeros: Zeros) -> Iterator[Extent]:
    """Tell a raw image's RAW and FILL extents, in order, of at most 1 MiB."""
    for number in range(len(zeros)):
        start = number * zeros.step_size // zeros.block_size
        for is_empty, alike in itertools.groupby(zeros.step(number)):
            blocks = sum(1 for _ in alike)
            origin = start * zeros.block_size
            yield Extent(
                ChunkKind.FILL if is_empty else ChunkKind.RAW,
                start,
                blocks,
                min(blocks * zeros.block_size, zeros.size - origin),
                origin,
            )
            start += blocks


def read_header(fd: int) -> Header:
    """Read a sparse file's header; raises `image_corrupt`."""
    return Header.unpack(os.pread(fd, HEADER_SIZE, 0))


def sparse_extents(fd: int, size: int) -> Iterator[Extent]:
    """Walk a sparse file's chunk headers, seeking over the data: its RAW and FILL extents.

    Raises `image_corrupt` where it breaks the format's rules or ends early; a walk to the end
    therefore proves its structure sound.
    """
    header = read_header(fd)
    tally = Tally(header)
    position = header.file_hdr_sz
    while not tally.complete:
        data = os.pread(fd, header.chunk_hdr_sz + PATTERN_SIZE, position)
        chunk = Chunk.unpack(data[:CHUNK_HEADER_SIZE])
        start, content = tally.blocks, tally.content
        body = tally.add(chunk)
        origin = position + header.chunk_hdr_sz
        position = origin + body
        if position > size:
            raise corrupt(f"it ends within chunk {tally.chunks - 1}")
        if tally.content > content:
            pattern = data[-PATTERN_SIZE:] if chunk.kind is ChunkKind.FILL else ZERO
            content = tally.content - content
            yield Extent(chunk.kind, start, chunk.chunk_sz, content, origin, pattern)
    if header.file_hdr_sz > size:
        raise corrupt("it ends within its header")
    tally.close()
