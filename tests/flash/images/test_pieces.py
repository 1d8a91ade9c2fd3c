from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from flashyard.contract.faults import Code
from flashyard.flash.images.generated import Generated
from flashyard.flash.images.pieces import LONGEST, pieces
from flashyard.flash.source import Part
from support.faults import refused
from support.sparse_images import UNTOUCHED, apply_sparse, sparse_images


def part_of(image: bytes, cuts: list[int]) -> Part:
    """Make a part of buffers cut anywhere."""
    edges = sorted({0, len(image), *(cut for cut in cuts if cut < len(image))})
    buffers = [(image[a:b], 0) for a, b in itertools.pairwise(edges)]
    return Part(len(image), 0, sparse=True, buffers=lambda: iter(buffers))


@given(sparse_images(), st.lists(st.integers(0, 4000), max_size=9))
def test_pieces_put_down_in_order_are_the_image(image: bytes, cuts: list[int]) -> None:
    wanted = bytearray(bytes([UNTOUCHED]) * (1 << 20))
    apply_sparse(image, wanted)
    found = bytearray(bytes([UNTOUCHED]) * (1 << 20))
    for piece in pieces(part_of(image, cuts)):
        assert 0 < len(piece.data) <= LONGEST
        found[piece.offset : piece.offset + len(piece.data)] = piece.data
    assert found == wanted


@given(size=st.integers(1, 40_000), part_size=st.sampled_from([9000, 17_000, 1 << 20]))
def test_padding_is_not_content(size: int, part_size: int) -> None:
    source = Generated("seed", size)
    parts = list(source.parts(1 << 30, part_size=part_size))
    for part in parts:
        assert sum(piece.content for piece in pieces(part)) == part.content
    spread = b"".join(bytes(piece.data) for part in parts for piece in pieces(part))
    whole = b"".join(bytes(view) for view in source.views(0, size))
    assert spread[:size] == whole
    assert not any(spread[size:])


def test_an_image_that_ends_early_is_refused() -> None:
    with refused(Code.IMAGE_CORRUPT):
        list(pieces(part_of(b"\x3a\xff\x26\xed", [])))
