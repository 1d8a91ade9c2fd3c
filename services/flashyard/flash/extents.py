"""What an image file puts where: extents, found by scanning it or by walking its headers.

It reads and describes; cutting them into downloads is `splitting`'s business.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from typing import NamedTuple

from flashyard.contract.faults import Code, refuse
from flashyard.flash.source import MIB
from flashyard.flash.sparse import (
    CHUNK_HEADER_SIZE,
    HEADER_SIZE,
    PATTERN_SIZE,
    Chunk,
    ChunkKind,
    Header,
    Tally,
    corrupt,
)

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


def raw_extents(fd: int, size: int, block_size: int) -> Iterator[Extent]:
    """Scan a raw image for blocks of zeros: RAW and FILL extents, in order, of at most 1 MiB.

    Read, not mapped: a scan may go far ahead of what is sent, and a read costs no page faults.
    """
    step = max(block_size, MIB - MIB % block_size)
    buffer = bytearray(step)
    zeros = bytes(block_size)
    for origin in range(0, size, step):
        length = min(step, size - origin)
        if os.preadv(fd, [memoryview(buffer)[:length]], origin) != length:
            raise refuse(Code.IMAGE_CORRUPT, "The image became shorter while it was read.")
        padded = -(-length // block_size) * block_size
        buffer[length:padded] = bytes(padded - length)
        empty = [buffer.startswith(zeros, at) for at in range(0, padded, block_size)]
        block = 0
        for is_empty, alike in itertools.groupby(empty):
            blocks = sum(1 for _ in alike)
            at = block * block_size
            yield Extent(
                ChunkKind.FILL if is_empty else ChunkKind.RAW,
                origin // block_size + block,
                blocks,
                min(blocks * block_size, length - at),
                origin + at,
            )
            block += blocks


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
