"""What a hub writes out of a compressed image is what was in it, and no more than was promised."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashyard.contract.faults import Code
from flashyard.flash.images.facts import Unpacked
from flashyard.flash.images.image import Image, inspect
from flashyard.flash.images.packed.expansion import expand
from flashyard.flash.images.packed.packing import Packing
from flashyard.flash.source import BLOCK_SIZE, MIB
from support.faults import refused
from support.packings import gzipped, wrapped, zstded
from support.sparse_images import flash, raw_images, sparse_images


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("expanded")


def promise(path: Path) -> Unpacked:
    promised = inspect(path).unpacked
    assert promised is not None
    return promised


@given(
    image=st.one_of(sparse_images(), raw_images(BLOCK_SIZE)),
    packing=st.sampled_from(list(Packing)),
    data=st.data(),
)
def test_it_is_what_was_wrapped_and_a_device_gets_the_same_of_it(
    folder: Path, image: bytes, packing: Packing, data: st.DataObject
) -> None:
    packed, out, bare = folder / "packed", folder / "out", folder / "bare"
    packed.write_bytes(data.draw(wrapped(image, packing)))
    bare.write_bytes(image)
    expand(packed, out, promise(packed))
    assert out.read_bytes() == image
    facts = inspect(packed)
    with Image(out) as source, Image(bare) as other:
        assert source.facts == other.facts
        assert (source.kind, source.content_size) == (facts.kind, facts.content_size)
        assert flash(source.parts(2 * MIB)) == flash(other.parts(2 * MIB))


def test_zeros_are_holes(folder: Path) -> None:
    packed, out = folder / "packed", folder / "out"
    content = bytearray(64 * MIB)
    content[5 * MIB + 5] = 1
    packed.write_bytes(zstded(bytes(content)))
    assert promise(packed) == Unpacked(Packing.ZSTD, 64 * MIB, BLOCK_SIZE)
    expand(packed, out, promise(packed))
    assert out.stat().st_size == 64 * MIB
    assert out.stat().st_blocks * 512 < MIB
    assert out.read_bytes() == content


def test_nothing_of_an_earlier_attempt_shows_through(folder: Path) -> None:
    packed, out = folder / "packed", folder / "out"
    packed.write_bytes(gzipped(bytes(100_000)))
    out.write_bytes(b"x" * 200_000)
    expand(packed, out, promise(packed))
    assert out.read_bytes() == bytes(100_000)


def test_more_than_was_promised_is_not_written(folder: Path) -> None:
    packed, out = folder / "packed", folder / "out"
    packed.write_bytes(gzipped(Random(1).randbytes(MIB) * 20))
    with refused(Code.IMAGE_TOO_LARGE):
        expand(packed, out, Unpacked(Packing.GZIP, 2 * MIB, 2 * MIB))
    assert out.stat().st_size <= 2 * MIB


@pytest.mark.parametrize("promised", [(50_001, 50_001), (50_000, 49_999)])
def test_what_is_not_as_promised_is_refused(folder: Path, promised: tuple[int, int]) -> None:
    packed = folder / "packed"
    packed.write_bytes(gzipped(b"x" * 50_000))
    with refused(Code.IMAGE_CORRUPT):
        expand(packed, folder / "out", Unpacked(Packing.GZIP, *promised))


@pytest.mark.parametrize("reason", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_told_as_such(
    folder: Path, monkeypatch: pytest.MonkeyPatch, reason: int
) -> None:
    packed = folder / "packed"
    packed.write_bytes(gzipped(b"x" * 50_000))
    promised = promise(packed)

    def full(*_: object) -> int:
        raise OSError(reason, os.strerror(reason))

    monkeypatch.setattr(os, "pwrite", full)
    with refused(Code.DISK_FULL):
        expand(packed, folder / "out", promised)


def test_it_tells_how_far_it_is_and_can_be_stopped(folder: Path) -> None:
    packed = folder / "packed"
    packed.write_bytes(gzipped(Random(1).randbytes(3 * MIB)))
    told: list[int] = []
    expand(packed, folder / "out", promise(packed), told.append)
    assert told == sorted(told)
    assert len(told) == 3

    def stop(_done: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        expand(packed, folder / "out", promise(packed), stop)
