from __future__ import annotations

import asyncio
import gzip
import random
from pathlib import Path

import pytest

from flashyard.cli.mapping import check, choose_map, covered, judge_map
from flashyard.contract.faults import Code
from flashyard.flash.source import Kind
from support.block_maps import block_map
from support.faults import refused
from support.wishes import a_wish

CONTENT = random.Random("map").randbytes(20 * 4096)
MAP = block_map(CONTENT, [(0, 3), (7, 7)])


def nothing(_more: int) -> None:
    pass


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "card.raw.gz"
    path.write_bytes(gzip.compress(CONTENT))
    return path


@pytest.mark.parametrize("name", ["card.raw.gz.bmap", "card.raw.bmap", "card.bmap"])
def test_a_map_is_found_beside_its_image(image: Path, name: str) -> None:
    words = ("STICK_1", "disk", str(image))
    assert choose_map(image, a_wish(*words)) is None
    beside = image.with_name(name)
    beside.write_bytes(MAP)
    assert choose_map(image, a_wish(*words)) == beside
    assert choose_map(image, a_wish(*words, no_bmap=True)) is None
    assert choose_map(image, a_wish(*words, as_is=True)) is None
    other = image.with_name("other")
    assert choose_map(image, a_wish(*words, bmap=other)) == other


def test_a_map_is_named_for_a_single_image_and_where_one_is_wanted(image: Path) -> None:
    one = ("STICK_1", f"disk={image}")
    several = (*one, f"other={image}")
    judge_map(a_wish(*one, bmap=image))
    judge_map(a_wish(*several, no_bmap=True))
    for unclear in (
        a_wish(*one, bmap=image, no_bmap=True),
        a_wish(*one, bmap=image, as_is=True),
        a_wish(*several, bmap=image),
        a_wish("PHONE_1", str(image), bmap=image),
    ):
        with refused(Code.INVALID_REQUEST):
            judge_map(unclear)


async def test_what_is_sent_is_what_was_checked(image: Path, tmp_path: Path) -> None:
    packed = await asyncio.to_thread(image.read_bytes)
    (tmp_path / "map").write_bytes(MAP)
    heard: list[int] = []
    ready = await check(image, tmp_path / "map", heard.append)
    assert sum(heard) == len(packed)
    assert (ready.facts.kind, ready.facts.content_size) == (Kind.SPARSE, 5 * 4096)
    assert ready.image.size == ready.facts.size
    assert covered(ready.facts) == "20.0 KiB of 80.0 KiB"
    assert sum(len(piece) for piece in ready.image.pieces()) == ready.image.size


async def test_what_does_not_match_and_what_cannot_be_read_is_refused(
    image: Path, tmp_path: Path
) -> None:
    (tmp_path / "map").write_bytes(block_map(CONTENT[::-1], [(0, 3)]))
    with refused(Code.IMAGE_CORRUPT):
        await check(image, tmp_path / "map", nothing)
    (tmp_path / "map").write_bytes(b"<bmap/>")
    with refused(Code.IMAGE_CORRUPT):
        await check(image, tmp_path / "map", nothing)
    with refused(Code.INVALID_REQUEST) as refusal:
        await check(image, tmp_path / "none", nothing)
    assert "none cannot be read" in refusal.fault.sentence
