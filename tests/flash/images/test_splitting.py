from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashyard.contract.faults import Code
from flashyard.flash.images.extents import Extent
from flashyard.flash.images.sparse import MAX_BLOCKS, ChunkKind
from flashyard.flash.images.splitting import MAX_CHUNKS, MAX_CONTENT, RESERVED, split
from flashyard.flash.source import MIB, Part
from support.faults import refused
from support.sparse_images import UNTOUCHED, apply_sparse, download, flash

RAW, FILL = ChunkKind.RAW, ChunkKind.FILL
BLK = 512
NOISE = bytes(range(1, 256)) * 100000


def views(offset: int, length: int) -> Iterator[memoryview]:
    for at in range(offset, offset + length, 70000):
        yield memoryview(NOISE)[at : min(at + 70000, offset + length)]


def cut(extents: list[Extent], total_blks: int, limit: int, blk_sz: int = BLK) -> list[Part]:
    parts = list(split(extents, blk_sz=blk_sz, total_blks=total_blks, limit=limit, views=views))
    for part in parts:
        assert part.sparse
        assert part.size <= limit
    return parts


@st.composite
def extent_lists(draw: st.DrawFn) -> tuple[list[Extent], int]:
    """Runs with gaps between some of them; the last may end within its last block."""
    extents: list[Extent] = []
    position = 0
    for _ in range(draw(st.integers(0, 10))):
        position += draw(st.sampled_from([0, 0, 1, 7]))
        blocks = draw(st.sampled_from([1, 2, 3, 20, 200]))
        kind = draw(st.sampled_from([RAW, FILL]))
        pattern = draw(st.sampled_from([b"\0\0\0\0", b"abcd"]))
        extents.append(Extent(kind, position, blocks, blocks * BLK, position * BLK, pattern))
        position += blocks
    if extents and extents[-1].kind is RAW and draw(st.booleans()):
        extents[-1] = extents[-1]._replace(
            content=extents[-1].content - draw(st.integers(1, BLK - 1))
        )
    return extents, position + draw(st.sampled_from([0, 0, 5]))


@given(given_extents=extent_lists(), room=st.integers(0, 50_000))
def test_the_parts_in_order_write_what_the_extents_say_and_nothing_else(
    given_extents: tuple[list[Extent], int], room: int
) -> None:
    extents, total = given_extents
    device = bytearray([UNTOUCHED]) * (total * BLK)
    for extent in extents:
        data = extent.pattern * (BLK // 4 * extent.blocks)
        if extent.kind is RAW:
            data = NOISE[extent.origin : extent.origin + extent.content].ljust(
                extent.blocks * BLK, b"\0"
            )
        device[extent.start * BLK : extent.end * BLK] = data
    parts = cut(extents, total, RESERVED + 12 + BLK + room)
    assert flash(parts) == device
    assert sum(part.content for part in parts) == sum(extent.content for extent in extents)


@given(given_extents=extent_lists(), room=st.integers(0, 5_000))
def test_every_part_is_a_whole_image_that_describes_all_blocks(
    given_extents: tuple[list[Extent], int], room: int
) -> None:
    extents, total = given_extents
    for part in cut(extents, total, RESERVED + 12 + BLK + room):
        assert apply_sparse(download(part), bytearray())[0] == total


def test_an_image_that_writes_nothing_is_one_part_that_only_tells_its_length() -> None:
    (part,) = cut([], 1000, 4096)
    assert part.content == 0
    assert part.size == 28 + 12
    assert flash([part]) == bytes([UNTOUCHED]) * 1000 * BLK


def test_a_long_extent_fills_each_part_to_the_last_block() -> None:
    limit = RESERVED + 12 + 10 * BLK + 100
    parts = cut([Extent(RAW, 0, 95, 95 * BLK)], 95, limit)
    assert [part.content // BLK for part in parts] == [10] * 9 + [5]


@pytest.mark.parametrize(("budget", "first"), [(8205, 14), (8207, 15)])
def test_a_chunk_is_broken_only_if_more_than_an_eighth_of_the_budget_is_left(
    budget: int, first: int
) -> None:
    used = 12 + 14 * BLK
    assert (budget - used > budget // 8) is (first == 15)
    extents = [Extent(RAW, 0, 14, 14 * BLK, 0), Extent(RAW, 14, 9, 9 * BLK, 40 * BLK)]
    parts = cut(extents, 23, RESERVED + budget)
    assert [part.content // BLK for part in parts] == [first, 23 - first]


def test_neighbours_that_say_the_same_become_one_chunk() -> None:
    extents = [Extent(RAW, at, 1, BLK, at * BLK) for at in range(10)]
    extents += [Extent(FILL, at, 1, BLK) for at in range(10, 20)]
    (part,) = cut(extents, 20, 10_000)
    assert part.size == 28 + 12 + 10 * BLK + 16


def test_fills_of_other_patterns_stay_apart() -> None:
    (part,) = cut(
        [Extent(FILL, 0, 1, BLK, 0, b"aaaa"), Extent(FILL, 1, 1, BLK, 0, b"bbbb")], 2, 10_000
    )
    assert part.size == 28 + 2 * 16


def test_a_part_has_a_bounded_number_of_chunks() -> None:
    extents = [
        Extent(FILL, at, 1, BLK, 0, at.to_bytes(4, "little")) for at in range(MAX_CHUNKS + 1)
    ]
    parts = cut(extents, MAX_CHUNKS + 1, 64 * MIB)
    assert [part.content // BLK for part in parts] == [MAX_CHUNKS, 1]


def test_a_part_never_stands_for_more_than_a_device_writes_in_reasonable_time() -> None:
    blocks = 2 * MAX_CONTENT // 4096 + 1
    parts = cut([Extent(FILL, 0, blocks, blocks * 4096)], blocks, MIB, blk_sz=4096)
    assert [part.content for part in parts] == [MAX_CONTENT, MAX_CONTENT, 4096]


def test_a_block_larger_than_that_is_still_written() -> None:
    blk_sz = 2 * MAX_CONTENT
    parts = split(
        [Extent(FILL, 0, 2, 2 * blk_sz)], blk_sz=blk_sz, total_blks=2, limit=2 * blk_sz, views=views
    )
    assert [part.content for part in parts] == [blk_sz, blk_sz]


def test_large_data_is_passed_on_uncopied_and_small_pieces_are_joined() -> None:
    large, small = 200_000 // BLK, 1
    extents = [Extent(RAW, 0, large, large * BLK, 0), Extent(RAW, large + 1, small, BLK, 0)]
    (part,) = cut(extents, large + 2, MIB)
    buffers = [memoryview(buffer) for buffer, _ in part.buffers()]
    assert [buffer.obj is NOISE for buffer in buffers] == [False, True, True, False]


def test_a_limit_that_holds_no_block_is_refused() -> None:
    with refused(Code.PROTOCOL_ERROR) as refusal:
        cut([Extent(RAW, 0, 1, BLK)], 1, RESERVED + 12 + BLK - 1)
    assert "too little" in refusal.fault.sentence


def test_more_blocks_than_the_format_can_count_are_refused() -> None:
    with refused(Code.IMAGE_TOO_LARGE):
        cut([], MAX_BLOCKS + 1, MIB)
    assert len(cut([], MAX_BLOCKS, MIB)) == 1
