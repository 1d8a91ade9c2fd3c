"""What an upload is told of a compressed image: found by reading all of it, once."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashyard.contract.faults import Code, FaultError
from flashyard.flash.images.facts import MAX_EXPANDED, ImageFacts, Unpacked
from flashyard.flash.images.image import inspect
from flashyard.flash.images.packed.packing import Packing
from flashyard.flash.source import BLOCK_SIZE, MIB, Kind
from support.faults import refused
from support.packings import ONE_OF_EACH, WAYS, gzipped, wrapped, xzed, zipped, zstded
from support.sparse_images import (
    DONT_CARE,
    FILL,
    RAW,
    Piece,
    build,
    damaged_copies,
    raw_images,
    sparse_images,
)

PACKINGS = st.sampled_from(list(Packing))


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("inspected") / "image"


def facts_of(path: Path, content: bytes) -> ImageFacts | Code:
    path.write_bytes(content)
    try:
        return inspect(path)
    except FaultError as error:
        return error.fault.code


@given(image=st.one_of(sparse_images(), raw_images(BLOCK_SIZE)), packing=PACKINGS, data=st.data())
def test_it_is_what_it_would_be_without_the_wrapping(
    scratch: Path, image: bytes, packing: Packing, data: st.DataObject
) -> None:
    bare = facts_of(scratch, image)
    packed = data.draw(wrapped(image, packing))
    facts = facts_of(scratch, packed)
    assert isinstance(bare, ImageFacts)
    assert isinstance(facts, ImageFacts)
    inside = facts.unpacked
    assert inside is not None
    assert facts == bare._replace(size=len(packed), unpacked=inside)
    data_blocks = [
        image[at : at + BLOCK_SIZE]
        for at in range(0, len(image), BLOCK_SIZE)
        if any(image[at : at + BLOCK_SIZE])
    ]
    assert inside == Unpacked(packing, len(image), sum(map(len, data_blocks)))


@given(image=sparse_images(), packing=PACKINGS, data=st.data())
def test_a_damaged_sparse_image_is_no_better_for_being_wrapped(
    scratch: Path, image: bytes, packing: Packing, data: st.DataObject
) -> None:
    damaged = data.draw(damaged_copies(image))
    damaged = damaged[: data.draw(st.sampled_from([len(damaged), len(damaged) - 1, 40]))]
    bare, packed = facts_of(scratch, damaged), facts_of(scratch, WAYS[packing][0](damaged))
    if isinstance(bare, ImageFacts):
        assert isinstance(packed, ImageFacts)
        assert packed[2:4] == bare[2:4]
    else:
        assert packed is bare


@pytest.mark.parametrize("pack", [gzipped, xzed, zstded, zipped])
def test_nothing_inside_is_no_image(scratch: Path, pack: object) -> None:
    assert callable(pack)
    assert facts_of(scratch, pack(b"")) is Code.IMAGE_CORRUPT


@pytest.mark.parametrize("inner", ONE_OF_EACH)
@pytest.mark.parametrize("outer", ONE_OF_EACH)
def test_what_is_compressed_twice_is_refused_with_a_way_out(
    scratch: Path, inner: object, outer: object
) -> None:
    assert callable(inner)
    assert callable(outer)
    scratch.write_bytes(outer(inner(b"content")))
    with refused(Code.NOT_SUPPORTED) as refusal:
        inspect(scratch)
    assert "compressed once" in (refusal.fault.hint or "")


def test_what_is_to_be_taken_as_it_is_is_not_looked_into(scratch: Path) -> None:
    scratch.write_bytes(gzipped(b"a ramdisk"))
    size = scratch.stat().st_size
    assert inspect(scratch, unpack=False) == ImageFacts(Kind.RAW, size, size, size)


@pytest.mark.parametrize("pack", [bytes, *ONE_OF_EACH])
def test_a_sparse_image_of_more_than_any_device_holds_is_refused(
    scratch: Path, pack: object
) -> None:
    assert callable(pack)
    most = build(MIB, [Piece(FILL, MAX_EXPANDED // MIB, b"bomb")])
    assert isinstance(facts_of(scratch, pack(most)), ImageFacts)
    over = build(MIB, [Piece(FILL, 1, b"bomb"), Piece(DONT_CARE, MAX_EXPANDED // MIB, b"")])
    assert facts_of(scratch, pack(over)) is Code.IMAGE_TOO_LARGE


def test_a_sparse_image_may_not_keep_us_busy_with_chunks_of_nothing(
    scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flashyard.flash.images.sparse.MAX_CHUNKS", 100)
    image = build(4, [Piece(RAW, 1, b"data"), *[Piece(DONT_CARE, 0, b"")] * 99])
    assert isinstance(facts_of(scratch, image), ImageFacts)
    image = build(4, [Piece(RAW, 1, b"data"), *[Piece(DONT_CARE, 0, b"")] * 100])
    assert facts_of(scratch, image) is Code.IMAGE_CORRUPT
    assert facts_of(scratch, gzipped(image)) is Code.IMAGE_CORRUPT


@pytest.mark.parametrize("pack", ONE_OF_EACH)
def test_it_tells_how_far_it_is_and_can_be_stopped(scratch: Path, pack: object) -> None:
    assert callable(pack)
    scratch.write_bytes(pack(Random(2).randbytes(3 * MIB)))
    told: list[int] = []
    inspect(scratch, told.append)
    assert len(told) == 3
    assert told == sorted(told)
    assert 0 < told[0] < told[-1] <= scratch.stat().st_size

    def stop(_done: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        inspect(scratch, stop)
