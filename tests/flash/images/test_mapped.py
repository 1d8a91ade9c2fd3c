from __future__ import annotations

import gzip
import lzma
import random
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashyard.contract.faults import Code
from flashyard.flash.images import mapped
from flashyard.flash.images.bmap import parse
from flashyard.flash.images.image import inspect
from flashyard.flash.images.mapped import MappedImage
from flashyard.flash.images.sparse_reader import Data, SparseReader
from support.block_maps import block_map
from support.faults import refused

BLOCK = 4096
SIZE = 64 * BLOCK
CONTENT = random.Random("map").randbytes(SIZE)
RANGES = [(0, 0), (2, 9), (40, 41)]
MAPPED = 11 * BLOCK


def mapping(path: Path, content: bytes = CONTENT, **more: object) -> MappedImage:
    ranges = more.pop("ranges", RANGES)
    return MappedImage(path, parse(block_map(content, ranges, **more)))  # type: ignore[arg-type]  # as the test says


def sparse(image: MappedImage) -> bytes:
    return b"".join(bytes(piece) for piece in image.pieces())


def laid_out(made: bytes, size: int) -> bytes:
    """What a medium of 0xEE holds after it; our own reader has its own tests."""
    medium = bytearray(b"\xee" * size)
    reader = SparseReader()
    for event in reader.feed(made):
        if isinstance(event, Data):
            medium[event.offset : event.offset + len(event.data)] = event.data
    reader.finish()
    return bytes(medium)


def expected(content: bytes, ranges: list[tuple[int, int]], size: int) -> bytes:
    medium = bytearray(b"\xee" * size)
    for first, last in ranges:
        piece = content[first * BLOCK : (last + 1) * BLOCK]
        medium[first * BLOCK : first * BLOCK + len(piece)] = piece
    return bytes(medium)


@pytest.mark.parametrize("pack", [bytes, gzip.compress, lzma.compress])
def test_it_writes_what_the_map_covers_and_leaves_the_rest(tmp_path: Path, pack: object) -> None:
    path = tmp_path / "image.raw"
    path.write_bytes(pack(CONTENT))  # type: ignore[operator]  # one of three functions
    image = mapping(path)
    made = sparse(image)
    assert laid_out(made, SIZE) == expected(CONTENT, RANGES, SIZE)
    (tmp_path / "made").write_bytes(made)
    assert inspect(tmp_path / "made") == image.facts
    assert image.facts.content_size == MAPPED
    assert image.facts.expanded_size == SIZE


@pytest.mark.skipif(not shutil.which("simg2img"), reason="Debian's android-sdk-libsparse-utils")
def test_the_reference_tool_takes_it(tmp_path: Path) -> None:
    path = tmp_path / "image.raw"
    path.write_bytes(CONTENT)
    (tmp_path / "made").write_bytes(sparse(mapping(path)))
    subprocess.run(["simg2img", tmp_path / "made", tmp_path / "back"], check=True)
    back = (tmp_path / "back").read_bytes()
    assert all(
        back[first * BLOCK : (last + 1) * BLOCK] == CONTENT[first * BLOCK : (last + 1) * BLOCK]
        for first, last in RANGES
    )


@pytest.mark.parametrize(("size", "block"), [(SIZE - 3584, 512), (SIZE - 2048, 2048)])
def test_an_image_that_ends_within_a_block_of_the_map_does_not_grow(
    tmp_path: Path, size: int, block: int
) -> None:
    path = tmp_path / "image.raw"
    path.write_bytes(CONTENT[:size])
    image = mapping(path, CONTENT[:size], ranges=[(1, 63)])
    assert image.facts.expanded_size == size
    assert size % block == 0
    assert laid_out(sparse(image), size)[BLOCK:] == CONTENT[BLOCK:size]


def test_an_odd_tail_is_padded_to_what_every_disk_has(tmp_path: Path) -> None:
    path = tmp_path / "image.raw"
    path.write_bytes(CONTENT[: SIZE - 5])
    image = mapping(path, CONTENT[: SIZE - 5], ranges=[(0, 63)])
    assert image.facts.expanded_size == SIZE
    assert laid_out(sparse(image), SIZE) == CONTENT[: SIZE - 5] + bytes(5)


def test_a_long_range_is_several_chunks_of_one_checksum(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mapped, "_LONGEST_CHUNK", 4 * BLOCK)
    path = tmp_path / "image.raw"
    path.write_bytes(CONTENT)
    image = mapping(path)
    assert laid_out(sparse(image), SIZE) == expected(CONTENT, RANGES, SIZE)
    (tmp_path / "made").write_bytes(sparse(image))
    assert inspect(tmp_path / "made") == image.facts


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize(
    "changed",
    [
        CONTENT[: 3 * BLOCK] + b"x" + CONTENT[3 * BLOCK + 1 :],
        CONTENT[:-BLOCK],
        CONTENT + bytes(BLOCK),
        CONTENT[:BLOCK],
    ],
    ids=["another byte", "shorter", "longer", "cut off"],
)
def test_a_map_of_another_image_is_told(tmp_path: Path, pack: object, changed: bytes) -> None:
    path = tmp_path / "image.raw"
    path.write_bytes(pack(changed))  # type: ignore[operator]  # one of two functions
    with refused(Code.IMAGE_CORRUPT) as refusal:
        sparse(mapping(path))
    assert "--no-bmap" in (refusal.fault.hint or "")


def test_what_the_map_leaves_out_is_not_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "image.raw"
    path.write_bytes(CONTENT[:BLOCK] + b"x" + CONTENT[BLOCK + 1 :])
    assert sparse(mapping(path))


def test_damage_behind_the_last_range_of_a_compressed_image_is_told(tmp_path: Path) -> None:
    packed = gzip.compress(CONTENT)
    path = tmp_path / "image.raw.gz"
    path.write_bytes(packed[:-6] + b"\0" * 6)
    with refused(Code.IMAGE_CORRUPT):
        sparse(mapping(path))


def test_a_map_of_nothing_and_one_of_odd_blocks_are_refused(tmp_path: Path) -> None:
    with refused(Code.IMAGE_CORRUPT):
        mapping(tmp_path / "none", ranges=[])
    with refused(Code.NOT_SUPPORTED):
        mapping(tmp_path / "none", ranges=[(0, 0)], block_size=1000)


def test_whoever_is_told_of_the_progress_can_end_it(tmp_path: Path) -> None:
    path = tmp_path / "image.raw"
    path.write_bytes(CONTENT)
    heard: list[int] = []
    for _ in mapping(path).pieces(heard.append):
        pass
    assert heard == sorted(heard)
    assert heard[-1] == SIZE

    def stop(_done: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(mapping(path).pieces(stop))


@given(st.lists(st.booleans(), min_size=1, max_size=40), st.integers(0, BLOCK - 1))
def test_any_map_covers_what_it_says(
    tmp_path_factory: pytest.TempPathFactory, is_mapped: list[bool], short: int
) -> None:
    content = CONTENT[: len(is_mapped) * BLOCK - short]
    ranges = [(n, n) for n, mapped_ in enumerate(is_mapped) if mapped_]
    if not ranges:
        return
    path = tmp_path_factory.mktemp("mapped") / "image"
    path.write_bytes(content)
    image = mapping(path, content, ranges=ranges)
    size = image.facts.expanded_size
    found = laid_out(sparse(image), size)[: len(content)]
    assert found == expected(content, ranges, len(is_mapped) * BLOCK)[: len(content)]
    assert image.facts.size == len(sparse(image))
