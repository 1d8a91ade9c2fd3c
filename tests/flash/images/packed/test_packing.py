from __future__ import annotations

import pytest

from flashyard.flash.images.packed.packing import Packing, packing_of
from support.packings import SKIPPABLE, WAYS, zipped_files


@pytest.mark.parametrize("packing", Packing)
def test_a_compression_is_told_by_the_first_bytes(packing: Packing) -> None:
    for way in WAYS[packing]:
        assert packing_of(way(b"content")[:4]) is packing


def test_a_file_of_parallel_zstd_and_an_empty_zip_are_told_too() -> None:
    assert packing_of(SKIPPABLE[:4]) is Packing.ZSTD
    assert packing_of(zipped_files({})[:4]) is Packing.ZIP


@pytest.mark.parametrize(
    "beginning",
    [
        b"",
        b"\x1f",
        b"\x1f\x8b",
        b"\x1f\x8b\x07",
        b"*M\x18",
        b"\x60*M\x18",
        b"PK",
        b"\xfd7z",
        b"ANDR",
    ],
)
def test_anything_else_is_not_compressed(beginning: bytes) -> None:
    assert packing_of(beginning) is None


def test_a_sparse_image_is_not_compressed() -> None:
    assert packing_of(b"\x3a\xff\x26\xed") is None
