from __future__ import annotations

import os
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashyard.contract.faults import Code
from flashyard.flash.images.extents import Extent, raw_extents, sparse_extents
from flashyard.flash.images.sparse import Chunk, ChunkKind, Header
from flashyard.flash.images.zeros import Zeros
from support.faults import refused
from support.sparse_images import raw_images

RAW, FILL = ChunkKind.RAW, ChunkKind.FILL


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("extents") / "image"


def scan(path: Path, data: bytes, block_size: int) -> list[Extent]:
    path.write_bytes(data)
    with path.open("rb") as file:
        return list(raw_extents(Zeros(file.fileno(), len(data), block_size)))


@given(data=st.data(), block_size=st.sampled_from([512, 4096]))
def test_every_block_of_zeros_is_found_and_no_other(
    scratch: Path, data: st.DataObject, block_size: int
) -> None:
    image = data.draw(raw_images(block_size))
    position = 0
    for extent in scan(scratch, image, block_size):
        assert extent.start * block_size == position == extent.origin
        for at in range(position, position + extent.content, block_size):
            assert (extent.kind is FILL) is (not any(image[at : at + block_size]))
        assert 0 < extent.content <= extent.blocks * block_size
        position += extent.content
    assert position == len(image)


def test_extents_are_handed_out_in_pieces_so_that_a_scan_needs_not_go_ahead(scratch: Path) -> None:
    size = (5 << 20) + 1
    with scratch.open("wb") as file:
        file.truncate(size)
    with scratch.open("rb") as file:
        extents = list(raw_extents(Zeros(file.fileno(), size, 4096)))
    assert [extent.content for extent in extents] == [1 << 20] * 5 + [1]
    assert {extent.kind for extent in extents} == {FILL}
    assert all(extent.continues(before, 4096) for before, extent in pairwise(extents))


def test_a_raw_image_that_shrinks_during_the_scan_is_refused(scratch: Path) -> None:
    scratch.write_bytes(b"x" * 5000)
    with scratch.open("rb") as file, refused(Code.IMAGE_CORRUPT):
        list(raw_extents(Zeros(file.fileno(), 6000, 4096)))


def test_an_extent_is_cut_without_losing_its_place() -> None:
    head, tail = Extent(RAW, 10, 5, 5 * 512 - 100, 4000).cut(2, 512)
    assert head == Extent(RAW, 10, 2, 1024, 4000)
    assert tail == Extent(RAW, 12, 3, 3 * 512 - 100, 5024)
    assert tail.continues(head, 512)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (Extent(RAW, 0, 1, 512, 0), Extent(FILL, 1, 1, 512)),
        (Extent(RAW, 0, 1, 512, 0), Extent(RAW, 2, 1, 512, 512)),
        (Extent(RAW, 0, 1, 512, 0), Extent(RAW, 1, 1, 512, 600)),
        (Extent(FILL, 0, 1, 512, 0, b"aaaa"), Extent(FILL, 1, 1, 512, 0, b"bbbb")),
    ],
)
def test_extents_that_differ_in_kind_place_or_pattern_do_not_continue_each_other(
    before: Extent, after: Extent
) -> None:
    assert not after.continues(before, 512)


def test_a_sparse_file_is_walked_without_reading_its_data(scratch: Path) -> None:
    """A TiB of holes behind two chunk headers takes no longer than the headers."""
    blk_sz, blocks = 1 << 20, 4000
    body = blk_sz * blocks
    with scratch.open("wb") as file:
        file.write(Header(blk_sz, 3 * blocks, 3).pack())
        for _ in range(3):
            file.write(Chunk(RAW, blocks, 12 + body).pack())
            file.seek(body, os.SEEK_CUR)
        size = file.tell()
        file.truncate(size)
    with scratch.open("rb") as file:
        extents = list(sparse_extents(file.fileno(), size))
    assert [extent.start for extent in extents] == [0, blocks, 2 * blocks]
    assert [extent.origin for extent in extents] == [40 + n * (body + 12) for n in range(3)]
