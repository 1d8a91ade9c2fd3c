from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashyard.contract.faults import Code, FaultError
from flashyard.flash.images.facts import ImageFacts
from flashyard.flash.images.image import Image, digest, inspect
from flashyard.flash.images.sparse_reader import SparseReader
from flashyard.flash.images.splitting import RESERVED
from flashyard.flash.source import MIB, Kind
from support.faults import refused
from support.sparse_images import (
    RAW,
    UNTOUCHED,
    Piece,
    apply_sparse,
    build,
    damaged_copies,
    download,
    flash,
    raw_images,
    sparse_images,
)


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("image") / "image"


@given(data=st.data(), block_size=st.sampled_from([512, 4096]), room=st.integers(0, 200_000))
def test_a_raw_image_reaches_the_device_whole_whatever_the_limit(
    scratch: Path, data: st.DataObject, block_size: int, room: int
) -> None:
    image = data.draw(raw_images(block_size))
    scratch.write_bytes(image)
    limit = RESERVED + 12 + block_size + room
    with Image(scratch) as source:
        parts = list(source.parts(limit, block_size=block_size))
        device = flash(parts)
    assert device[: len(image)] == image
    assert not any(device[len(image) :])
    assert all(part.size <= limit for part in parts)
    assert sum(part.content for part in parts) == source.content_size == len(image)
    assert all(part.sparse is (len(image) > limit) for part in parts)


@given(image=sparse_images(), room=st.integers(0, 30_000))
def test_a_sparse_image_does_the_same_to_the_device_whatever_the_limit(
    scratch: Path, image: bytes, room: int
) -> None:
    expected = bytearray()
    _, content = apply_sparse(image, expected)
    scratch.write_bytes(image)
    limit = RESERVED + 12 + 512 + room
    with Image(scratch) as source:
        parts = list(source.parts(limit))
        assert len(parts) == source.count(limit)
        assert flash(parts) == expected
    assert all(part.size <= limit and part.sparse for part in parts)
    assert sum(part.content for part in parts) == source.content_size == content
    assert source.facts == ImageFacts(Kind.SPARSE, len(image), len(expected), content)
    assert inspect(scratch) == source.facts


@given(image=sparse_images(), data=st.data())
def test_a_file_is_accepted_exactly_when_its_stream_would_be(
    scratch: Path, image: bytes, data: st.DataObject
) -> None:
    damaged = data.draw(damaged_copies(image))
    damaged = damaged[: data.draw(st.sampled_from([len(damaged), len(damaged) - 1, 40]))]
    scratch.write_bytes(damaged)
    try:
        kind = inspect(scratch).kind
    except FaultError:
        kind = None
    if kind is not Kind.RAW:
        reader = SparseReader()
        try:
            list(reader.feed(damaged))
            reader.finish()
        except FaultError:
            assert kind is None
        else:
            assert kind is Kind.SPARSE


def test_a_file_within_the_limit_is_sent_as_it_is(scratch: Path) -> None:
    scratch.write_bytes(b"\0" * 5000)
    with Image(scratch) as source:
        (part,) = source.parts(5000)
        assert source.count(5000) == 1
        assert (part.size, part.content, part.sparse) == (5000, 5000, False)
        assert download(part) == bytes(5000)
        assert source.count(4999) is None


def test_a_sparse_file_within_the_limit_is_sent_as_it_is_with_all_its_oddities(
    scratch: Path,
) -> None:
    image = build(4, [Piece(RAW, 1, b"data"), Piece(0xCAC4, 0, b"sum!")], 5, 9) + b"and more"
    scratch.write_bytes(image)
    with Image(scratch) as source:
        (part,) = source.parts(len(image))
        assert download(part) == image
        assert part.content == 4


def test_the_part_size_bounds_a_part_where_the_device_would_take_more(scratch: Path) -> None:
    scratch.write_bytes(b"x" * 3 * MIB)
    with Image(scratch) as source:
        parts = list(source.parts(1 << 40, part_size=MIB))
        assert len(parts) == 4
        assert all(part.size <= MIB for part in parts)
        assert len(list(source.parts(1 << 40))) == 1


def test_zeros_are_written_not_left_out(scratch: Path) -> None:
    scratch.write_bytes(bytes(3 * MIB))
    with Image(scratch) as source:
        (part,) = source.parts(MIB)
    device = bytearray([UNTOUCHED]) * (3 * MIB)
    apply_sparse(download(part), device)
    assert device == bytes(3 * MIB)
    assert part.size == 28 + 16


def test_a_part_can_be_sent_again_and_the_same_arguments_give_the_same_parts(
    scratch: Path,
) -> None:
    scratch.write_bytes(b"abcd" * MIB)
    with Image(scratch) as source:
        first = [download(part) for part in source.parts(MIB)]
        parts = list(source.parts(MIB))
        assert [download(part) for part in parts] == first
        assert download(parts[2]) == first[2]


def test_an_empty_file_is_no_image(scratch: Path) -> None:
    scratch.write_bytes(b"")
    with refused(Code.IMAGE_CORRUPT) as refusal:
        inspect(scratch)
    assert refusal.fault.sentence == "The image is empty."
    with refused(Code.IMAGE_CORRUPT), Image(scratch):
        pass


@pytest.mark.parametrize("size", [1, 3, 27])
def test_a_file_too_short_for_a_header_is_raw_unless_it_begins_as_a_sparse_one(
    scratch: Path, size: int
) -> None:
    scratch.write_bytes(b"\x3a\xff\x26\xed".ljust(27, b"\0")[:size])
    if size < 4:
        assert inspect(scratch) == ImageFacts(Kind.RAW, size, size, size)
    else:
        with refused(Code.IMAGE_CORRUPT):
            inspect(scratch)


def test_the_digest_is_told_with_its_progress_and_can_be_stopped(scratch: Path) -> None:
    scratch.write_bytes(b"x" * (2 * MIB + 5))
    told: list[int] = []
    assert digest(scratch, told.append) == hashlib.sha256(scratch.read_bytes()).hexdigest()
    assert told == [MIB, 2 * MIB, 2 * MIB + 5]
    assert digest(scratch) == digest(scratch, told.append)

    def stop(_done: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        digest(scratch, stop)
