from __future__ import annotations

import lzma
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flashyard.flash.images.generated import Generated
from flashyard.flash.source import MIB, Kind, Source
from support.sparse_images import download, flash

SIZE = 5 * MIB + 77


def whole(source: Generated) -> bytes:
    (part,) = source.parts(source.size)
    return download(part)


@pytest.fixture(scope="module")
def content() -> bytes:
    return whole(Generated("a job", SIZE))


def test_the_same_seed_gives_the_same_bytes_and_another_seed_gives_others(content: bytes) -> None:
    assert len(content) == SIZE
    assert whole(Generated("a job", SIZE)) == content
    assert whole(Generated("a job", MIB + 1)) == content[: MIB + 1]
    assert whole(Generated("b job", SIZE)) != content


@given(offset=st.integers(0, SIZE), length=st.integers(0, SIZE))
def test_any_stretch_can_be_had_by_itself(content: bytes, offset: int, length: int) -> None:
    length = min(length, SIZE - offset)
    views = list(Generated("a job", SIZE).views(offset, length))
    assert b"".join(views) == content[offset : offset + length]
    assert all(0 < len(view) <= MIB for view in views)


def test_no_compressor_makes_it_smaller(content: bytes) -> None:
    assert len(zlib.compress(content, 9)) >= len(content)
    assert len(lzma.compress(content[:MIB])) >= MIB


@settings(max_examples=25)  # each makes all 5 MiB anew
@given(limit=st.integers(MIB // 4, 6 * MIB))
def test_the_parts_in_order_give_the_stream(content: bytes, limit: int) -> None:
    source = Generated("a job", SIZE)
    parts = list(source.parts(limit))
    assert flash(parts)[:SIZE] == content
    assert all(part.size <= limit for part in parts)
    assert sum(part.content for part in parts) == SIZE
    assert source.count(limit) == len(parts)
    assert parts[0].sparse is (limit < SIZE)


def test_it_is_a_source_as_an_image_is() -> None:
    source: Source = Generated("a job", SIZE)
    assert source.kind is Kind.RAW
    assert source.size == source.expanded_size == source.content_size == SIZE


def test_planning_a_huge_stream_makes_none_of_it() -> None:
    source = Generated("a job", 1 << 42)
    assert source.count(1 << 28) == 32770
    assert "_base" not in vars(source)
