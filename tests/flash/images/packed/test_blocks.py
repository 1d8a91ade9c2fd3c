from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from flashyard.flash.images.packed.blocks import stretches
from flashyard.flash.source import BLOCK_SIZE
from support.sparse_images import raw_images


@given(raw_images(BLOCK_SIZE))
def test_what_is_left_out_is_zeros_and_what_is_not_holds_something(image: bytes) -> None:
    kept = bytearray(len(image))
    end = -1
    for start, stop in stretches(memoryview(image)):
        assert start % BLOCK_SIZE == 0
        assert end < start < stop <= len(image), "they are in order, and apart"
        for at in range(start, stop, BLOCK_SIZE):
            assert any(image[at : at + BLOCK_SIZE])
        kept[start:stop] = image[start:stop]
        end = stop
    assert kept == image


@given(st.integers(0, 3 * BLOCK_SIZE))
def test_zeros_take_no_room(length: int) -> None:
    assert list(stretches(memoryview(bytes(length)))) == []
