from __future__ import annotations

import contextlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashyard.contract.faults import Code, FaultError
from flashyard.flash.images.sparse import Header
from flashyard.flash.images.sparse_reader import Data, Fill, Skip, SparseReader
from support.faults import refused
from support.sparse_images import RAW as RAW_CHUNK
from support.sparse_images import (
    UNTOUCHED,
    Piece,
    apply_sparse,
    build,
    damaged_copies,
    sparse_images,
)

CUTS = st.lists(st.integers(0, 4000), max_size=20)


def in_pieces(image: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(cut for cut in cuts if cut < len(image)), len(image)]
    return [image[a:b] for a, b in pairwise(edges)]


def read(reader: SparseReader, pieces: list[bytes]) -> bytearray:
    """Do to a device what the reader says."""
    device = bytearray()
    position = 0
    for piece in pieces:
        for event in reader.feed(piece):
            match event:
                case Header():
                    device.extend(bytes([UNTOUCHED]) * event.expanded_size)
                    continue
                case Data(offset, data):
                    assert offset == position
                    device[offset : offset + len(data)] = data
                    position += len(data)
                case Fill(offset, length, pattern):
                    assert offset == position
                    device[offset : offset + length] = pattern * (length // 4)
                    position += length
                case Skip(offset, length):
                    assert offset == position
                    position += length
            assert len(reader._held) <= 28
    reader.finish()
    assert position == len(device)
    return device


@given(image=sparse_images(), cuts=CUTS)
def test_an_image_means_the_same_however_it_is_cut_on_its_way(
    image: bytes, cuts: list[int]
) -> None:
    device = bytearray()
    apply_sparse(image, device)
    reader = SparseReader()
    assert read(reader, in_pieces(image, cuts)) == device
    assert reader.trailing == 0


@given(image=sparse_images(), cuts=CUTS, data=st.data())
def test_an_image_that_is_cut_off_is_never_taken_for_whole(
    image: bytes, cuts: list[int], data: st.DataObject
) -> None:
    short = image[: data.draw(st.integers(0, len(image) - 1))]
    with refused(Code.IMAGE_CORRUPT):
        read(SparseReader(), in_pieces(short, cuts))


@given(image=sparse_images(), cuts=CUTS, data=st.data())
def test_a_damaged_image_is_refused_or_read_but_nothing_else(
    image: bytes, cuts: list[int], data: st.DataObject
) -> None:
    damaged = data.draw(damaged_copies(image))
    reader = SparseReader()
    written = 0
    with contextlib.suppress(FaultError):
        for piece in in_pieces(damaged, cuts):
            for event in reader.feed(piece):
                written += len(event.data) if isinstance(event, Data) else 0
                assert len(reader._held) <= 28
        reader.finish()
    assert written <= len(image)


def test_what_follows_the_last_chunk_is_counted_and_ignored() -> None:
    image = build(4, [Piece(RAW_CHUNK, 1, b"data")])
    reader = SparseReader()
    assert read(reader, [image + b"more", b"and more"]) == b"data"
    assert reader.trailing == 12


def test_an_image_of_nothing_is_whole() -> None:
    reader = SparseReader()
    assert read(reader, [build(4096, [])]) == b""


@pytest.mark.parametrize("more_blocks", [1, 0xFFFFFFFF])
def test_blocks_nobody_describes_are_refused_as_soon_as_the_last_chunk_is_seen(
    more_blocks: int,
) -> None:
    image = Header(blk_sz=4, total_blks=more_blocks, total_chunks=0).pack()
    with refused(Code.IMAGE_CORRUPT):
        list(SparseReader().feed(image))


def test_raw_data_is_handed_on_as_a_view_of_what_came() -> None:
    piece = build(4, [Piece(RAW_CHUNK, 1, b"data")])
    data = [event for event in SparseReader().feed(piece) if isinstance(event, Data)]
    assert data[0].data.obj is piece
