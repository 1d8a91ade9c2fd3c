from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from flashyard.flash.emulator.weight import Weight
from support.sparse_images import DONT_CARE, FILL, RAW, Piece, build, sparse_images

MAGIC = struct.pack("<I", 0xED26FF3A)


def weigh(data: bytes, cuts: list[int]) -> Weight:
    weight = Weight()
    ends = sorted(min(cut, len(data)) for cut in cuts)
    for start, end in zip([0, *ends], [*ends, len(data)], strict=True):
        weight.take(memoryview(data)[start:end])
    weight.finish()
    return weight


CUTS = st.lists(st.integers(0, 200), max_size=8)


@given(st.binary(max_size=200).filter(lambda data: not data.startswith(MAGIC)), CUTS)
def test_a_raw_image_spans_its_size(data: bytes, cuts: list[int]) -> None:
    weight = weigh(data, cuts)
    assert (weight.sparse, weight.damage) == (False, None)
    assert weight.size == weight.expanded_size == len(data)


@given(sparse_images(), CUTS)
def test_a_sparse_image_spans_its_blocks_however_it_comes(image: bytes, cuts: list[int]) -> None:
    weight = weigh(image, cuts)
    blk_sz, total = struct.unpack_from("<12xII", image)
    assert (weight.sparse, weight.damage, weight.mended) == (True, None, False)
    assert (weight.size, weight.expanded_size) == (len(image), blk_sz * total)


@given(sparse_images(), st.data())
def test_an_image_that_ends_early_is_damaged_unless_it_ends_before_its_last_chunk(
    image: bytes, data: st.DataObject
) -> None:
    cut = data.draw(st.integers(4, len(image) - 1))
    weight = weigh(image[:cut], [])
    assert weight.damage is not None or (weight.mended and cut == last_chunk_of(image))


def test_an_image_without_its_last_chunk_is_mended_and_says_so() -> None:
    raw, skip = Piece(RAW, 1, bytes(8)), Piece(DONT_CARE, 2, b"")
    assert weigh(build(8, [raw, skip])[:-12], []).mended
    for image in (
        build(8, [raw, skip])[:-11],
        build(8, [raw, skip])[:-1],
        build(8, [raw, skip, skip])[:-24],
        build(8, [skip, Piece(FILL, 1, b"abcd")])[:-1],
        build(4, [Piece(RAW, 4, bytes(16))])[:-12],
    ):
        assert weigh(image, []).damage is not None


def last_chunk_of(image: bytes) -> int:
    """Where the last chunk begins."""
    file_header, _, _, _, chunks = struct.unpack_from("<8xHHIII", image)
    at = file_header
    for _ in range(chunks - 1):
        at += struct.unpack_from("<8xI", image, at)[0]
    assert isinstance(at, int)
    return at
