"""Every parser of images against thousands of damaged ones: a fault, and never a traceback.

What is accepted is held to what it was found to be, by flashing it.
"""

from __future__ import annotations

import tracemalloc
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from flashyard.contract.faults import Code, FaultError
from flashyard.flash.bmap import Bmap, parse
from flashyard.flash.facts import ImageFacts
from flashyard.flash.image import Image, inspect
from flashyard.flash.packed.expansion import expand
from flashyard.flash.source import MIB
from support.block_maps import block_map, seal
from support.packings import WAYS, damaged
from support.sparse_images import DONT_CARE, FILL, RAW, Piece, build

FEW, MANY = 300, 20_000
EXPECTED = {
    Code.IMAGE_CORRUPT,
    Code.IMAGE_TOO_LARGE,
    Code.NOT_SUPPORTED,
    Code.INVALID_REQUEST,
}
NOISE = Random(3).randbytes(9000)
SPARSE = [
    build(512, [Piece(RAW, 1, NOISE[:512]), Piece(FILL, 9, b"abcd"), Piece(DONT_CARE, 5, b"")]),
    build(4096, [Piece(DONT_CARE, 1, b""), Piece(RAW, 2, NOISE[:8192]), Piece(0xCAC4, 0, b"sum!")]),
    build(4, [Piece(RAW, 1, b"data"), Piece(RAW, 3, b"data" * 3)], 8, 4),
]
INSIDE = [NOISE[:300], bytes(20_000), b"short", *SPARSE]
SOUND = {
    "sparse": SPARSE,
    **{
        packing.value: [
            *(way(content) for way in ways for content in INSIDE),
            *(way(NOISE[:50]) + way(bytes(900)) for way in ways),
        ]
        for packing, ways in WAYS.items()
    },
}
MAPS = [block_map(NOISE, ranges, size) for size in (512, 4096) for ranges in ([(0, 2)], [])]


def look(path: Path, content: bytes) -> str:
    """Inspect it, and write it out as a hub would; give what came of it."""
    path.write_bytes(content)
    try:
        facts = inspect(path)
    except FaultError as error:
        return expected(error)
    sent = path
    if facts.unpacked is not None:
        sent = path.with_name("expanded")
        expand(path, sent, facts.unpacked)
        assert sent.stat().st_size == facts.unpacked.size
    holds(sent, facts)
    return "accepted"


def expected(error: FaultError) -> str:
    assert error.fault.code in EXPECTED, error
    return error.fault.code.value


def holds(path: Path, facts: ImageFacts) -> None:
    with Image(path) as source:
        assert (source.kind, source.expanded_size, source.content_size) == (
            facts.kind,
            facts.expanded_size,
            facts.content_size,
        )
        if facts.kind == "raw" or facts.content_size > 8 * MIB:
            return
        parts = list(source.parts(MIB))
        assert sum(part.content for part in parts) == facts.content_size
        for part in parts:
            assert sum(len(buffer) for buffer, _ in part.buffers()) == part.size


def parsed(_path: Path, content: bytes) -> str:
    """Read a map that was damaged, and then sealed as if it were meant so."""
    blank = content.replace(content[content.find(b"sum> ") + 5 :][:64], b"0" * 64)
    for each in (content, seal(blank)):
        try:
            bmap = parse(each)
        except FaultError as error:
            expected(error)
            continue
        sound(bmap)
        return "accepted"
    return "refused"


def sound(bmap: Bmap) -> None:
    end = 0
    for each in bmap.ranges:
        assert end <= each.start < each.end <= bmap.image_size
        assert each.start % bmap.block_size == 0
        end = each.end


def mutate(
    path: Path, bases: list[bytes], read: Callable[[Path, bytes], str], count: int
) -> Counter[str]:
    noise = Random(count)
    return Counter(read(path, damaged(noise, noise.choice(bases))) for _ in range(count))


@pytest.mark.parametrize("kind", SOUND)
def test_no_damaged_image_is_more_than_a_fault(kind: str, tmp_path: Path) -> None:
    came = mutate(tmp_path / "image", SOUND[kind], look, FEW)
    assert came[Code.IMAGE_CORRUPT] > FEW // 4, came


def test_no_damaged_block_map_is_more_than_a_fault(tmp_path: Path) -> None:
    came = mutate(tmp_path, MAPS, parsed, FEW)
    assert came["accepted"], came
    assert came["refused"], came


@pytest.mark.long
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("kind", SOUND)
def test_none_of_twenty_thousand_is_more_than_a_fault_in_bounded_memory(
    kind: str, tmp_path: Path
) -> None:
    tracemalloc.start()
    try:
        came = mutate(tmp_path / "image", SOUND[kind], look, MANY)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert came[Code.IMAGE_CORRUPT] > MANY // 4, came
    assert peak < 160 * MIB


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_no_block_map_of_twenty_thousand_is_more_than_a_fault(tmp_path: Path) -> None:
    came = mutate(tmp_path, MAPS, parsed, MANY)
    assert came["accepted"], came
    assert came["refused"], came
