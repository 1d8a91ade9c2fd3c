"""Cuts extents into Android sparse images that each fit one download.

Every part describes all blocks of the image; what is not its own stands as DONT_CARE. It plans
one part at a time and reads no data while planning.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from flashyard.contract.faults import Code, refuse
from flashyard.flash.images.extents import Extent
from flashyard.flash.images.sparse import (
    CHECKSUM_SIZE,
    CHUNK_HEADER_SIZE,
    HEADER_SIZE,
    MAX_BLOCKS,
    PATTERN_SIZE,
    Chunk,
    ChunkKind,
    Header,
)
from flashyard.flash.source import MAX_DOWNLOAD, MIB, Buffers, Part

# As in libsparse: the file's header, the DONT_CARE before and after, and room for a checksum.
RESERVED = HEADER_SIZE + 2 * CHUNK_HEADER_SIZE + CHECKSUM_SIZE
# Bounds the memory of a plan, and the patience of bootloaders that write chunk by chunk.
MAX_CHUNKS = 1 << 15
# A fill is 16 bytes to send but may be minutes to write: a part stands for no more than this.
MAX_CONTENT = 1024 * MIB
# Smaller buffers are gathered: a system call costs more than copying them.
SMALL = 64 << 10

Views = Callable[[int, int], Iterator[memoryview]]


def effective_limit(limit: int, part_size: int) -> int:
    """Give the most bytes one download may have."""
    return min(limit, part_size, MAX_DOWNLOAD)


def split(
    extents: Iterable[Extent], *, blk_sz: int, total_blks: int, limit: int, views: Views
) -> Iterator[Part]:
    """Yield the parts, at least one, each a sparse image of at most ``limit`` bytes.

    ``views`` gives a RAW extent's data by offset and length. Raises `protocol_error` where the
    limit holds no block, `image_too_large` where the format cannot count the blocks.
    """
    if limit < RESERVED + CHUNK_HEADER_SIZE + blk_sz:
        raise refuse(
            Code.PROTOCOL_ERROR,
            "The device takes too little in one download to be flashed.",
            details=f"{limit} bytes cannot carry a block of {blk_sz}",
        )
    if total_blks > MAX_BLOCKS:
        raise refuse(
            Code.IMAGE_TOO_LARGE,
            "The image has more blocks than a sparse image can count.",
            hint="Use an image of less than 16 TiB.",
            details=f"{total_blks} blocks of {blk_sz} bytes",
        )
    return _split(extents, blk_sz, total_blks, limit, views)


def _split(
    extents: Iterable[Extent], blk_sz: int, total_blks: int, limit: int, views: Views
) -> Iterator[Part]:
    plan = _Plan(limit - RESERVED, blk_sz)
    for extent in extents:
        rest = plan.take(extent)
        while rest is not None:
            yield plan.part(total_blks, views)
            plan = _Plan(limit - RESERVED, blk_sz)
            rest = plan.take(rest)
    yield plan.part(total_blks, views)


class _Plan:
    """The extents one part will carry, and what they cost of its budget of bytes."""

    def __init__(self, budget: int, blk_sz: int) -> None:
        self._budget = budget
        self._blk_sz = blk_sz
        self._extents: list[Extent] = []
        self._used = 0
        self._content = 0

    def take(self, extent: Extent) -> Extent | None:
        """Take what fits of the next extent, and give back the rest, if any."""
        last = self._extents[-1] if self._extents else None
        joins = last is not None and extent.continues(last, self._blk_sz)
        header = 0 if joins else CHUNK_HEADER_SIZE
        if last is not None and last.end < extent.start:
            header += CHUNK_HEADER_SIZE
        blocks = min(self._fitting(extent, header), self._bearable())
        if blocks == 0 or len(self._extents) == MAX_CHUNKS:
            return extent
        head, rest = extent.cut(blocks, self._blk_sz)
        self._used += header + (0 if joins and head.kind is ChunkKind.FILL else self._body(head))
        self._content += head.content
        if last is not None and joins:
            self._extents[-1] = last._replace(
                blocks=last.blocks + head.blocks, content=last.content + head.content
            )
        else:
            self._extents.append(head)
        return rest if rest.blocks else None

    def part(self, total_blks: int, views: Views) -> Part:
        chunks = list(_with_gaps(self._extents, total_blks))
        size = HEADER_SIZE + sum(CHUNK_HEADER_SIZE + self._body(extent) for extent in chunks)
        render = partial(_render, chunks, self._blk_sz, total_blks, views)
        return Part(size, self._content, sparse=True, buffers=partial(_gather, render))

    def _body(self, extent: Extent) -> int:
        return _body(extent, self._blk_sz)

    def _fitting(self, extent: Extent, header: int) -> int:
        """Count the blocks of the extent that the rest of the budget can carry."""
        left = self._budget - self._used
        if header + self._body(extent) <= left:
            return extent.blocks
        if extent.kind is ChunkKind.RAW and left > self._budget // 8:
            return max(0, left - header) // self._blk_sz
        return 0

    def _bearable(self) -> int:
        """Count the blocks that the part may yet stand for; at least one, lest it stay empty."""
        left = (MAX_CONTENT - self._content) // self._blk_sz
        return left if self._extents else max(1, left)


def _body(extent: Extent, blk_sz: int) -> int:
    if extent.kind is ChunkKind.RAW:
        return extent.blocks * blk_sz
    return PATTERN_SIZE if extent.kind is ChunkKind.FILL else 0


def _with_gaps(extents: list[Extent], total_blks: int) -> Iterator[Extent]:
    """Put DONT_CARE where the extents leave blocks out, up to the end of the image."""
    position = 0
    for extent in extents:
        if position < extent.start:
            yield Extent(ChunkKind.DONT_CARE, position, extent.start - position)
        yield extent
        position = extent.end
    if position < total_blks:
        yield Extent(ChunkKind.DONT_CARE, position, total_blks - position)


def _render(chunks: list[Extent], blk_sz: int, total_blks: int, views: Views) -> Buffers:
    """Yield a part's bytes: headers, patterns and padding of our own, data as views."""
    yield Header(blk_sz, total_blks, len(chunks)).pack(), 0
    for extent in chunks:
        body = _body(extent, blk_sz)
        yield Chunk(extent.kind, extent.blocks, CHUNK_HEADER_SIZE + body).pack(), 0
        if extent.kind is ChunkKind.FILL:
            yield extent.pattern, extent.content
        elif extent.kind is ChunkKind.RAW:
            for view in views(extent.origin, extent.content):
                yield view, len(view)
            if body > extent.content:
                yield bytes(body - extent.content), 0


def _gather(render: Callable[[], Buffers]) -> Buffers:
    """Join small buffers into larger ones; large ones go through untouched, without a copy."""
    held, stands_for = bytearray(), 0
    for buffer, content in render():
        is_small = len(buffer) < SMALL
        if is_small:
            held += buffer
            stands_for += content
        if held and (len(held) >= MIB or not is_small):
            yield memoryview(held), stands_for
            held, stands_for = bytearray(), 0
        if not is_small:
            yield buffer, content
    if held:
        yield memoryview(held), stands_for
