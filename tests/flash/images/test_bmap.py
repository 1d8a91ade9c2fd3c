from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashyard.contract.faults import Code
from flashyard.flash.images.bmap import MAX_SIZE, Bmap, Range, parse
from flashyard.flash.images.facts import MAX_EXPANDED
from support.block_maps import block_map, seal
from support.faults import refused

IMAGE = Random(7).randbytes(10 * 4096 + 77)
RANGES = [(0, 1), (3, 3), (7, 10)]
SOUND = block_map(IMAGE, RANGES)


@st.composite
def ranges_of(draw: st.DrawFn, blocks: int) -> list[tuple[int, int]]:
    edges = sorted(draw(st.sets(st.integers(0, blocks - 1), max_size=blocks)))
    return [(edges[at], edges[at + 1]) for at in range(0, len(edges) - 1, 2)]


@given(size=st.integers(1, 40_000), block_size=st.sampled_from([512, 4096, 1000]), data=st.data())
@pytest.mark.parametrize("algorithm", ["sha256", "sha384", "sha512"])
def test_every_range_of_an_image_is_told_in_bytes(
    algorithm: str, size: int, block_size: int, data: st.DataObject
) -> None:
    image = (IMAGE * 40)[:size]
    ranges = data.draw(ranges_of(-(-size // block_size)))
    bmap = parse(block_map(image, ranges, block_size, algorithm))
    assert bmap[:3] == (size, block_size, algorithm)
    for (first, last), found in zip(ranges, bmap.ranges, strict=True):
        assert found.start == first * block_size
        assert found.end == min((last + 1) * block_size, size)
        piece = image[found.start : found.end]
        assert hashlib.new(algorithm, piece).hexdigest() == found.checksum


def test_what_bmaptool_makes_is_read(tmp_path: Path) -> None:
    image = tmp_path / "image"
    with image.open("wb") as file:
        file.write(b"x" * 4096 * 3)
        file.seek(1 << 20)
        file.write(b"y" * 5000)
    made = ["bmaptool", "--quiet", "create", str(image)]
    output = subprocess.run(made, capture_output=True, check=True).stdout
    end = (1 << 20) + 5000
    assert parse(output) == Bmap(
        end,
        4096,
        "sha256",
        (
            Range(0, 4096 * 3, hashlib.sha256(b"x" * 4096 * 3).hexdigest()),
            Range(1 << 20, end, hashlib.sha256(b"y" * 5000).hexdigest()),
        ),
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"version": ""}, "version"),
        ({"image_size": 0}, "an image of 0 bytes"),
        ({"image_size": -1}, "ImageSize is no number"),
        ({"image_size": MAX_EXPANDED + 1}, "an image of"),
        ({"image_size": "9" * 30}, "ImageSize is no number"),
        ({"image_size": "١٢"}, "ImageSize is no number"),
        ({"block_size": 0}, "blocks of 0"),
        ({"block_size": 1 << 40}, "blocks of"),
        ({"blocks": 12}, "are not 12 blocks"),
        ({"mapped": 6}, "7 blocks are listed, 6 are announced"),
        ({"ranges": "<Range> 0-6 </Range>"}, "no checksum"),
        ({"ranges": f'<Range chksum="{"g" * 64}">0-6</Range>'}, "no checksum"),
        ({"ranges": f'<Range chksum="{"a" * 64}">6-0</Range>'}, "out of order"),
        ({"ranges": f'<Range chksum="{"a" * 64}">5-11</Range>'}, "beyond the 11"),
        ({"ranges": f'<Range chksum="{"a" * 64}">0-1</Range>' * 2}, "out of order"),
        ({"ranges": f'<Range chksum="{"a" * 64}">zero</Range>'}, "no range"),
        ({"ranges": "</BlockMap><BlockMap>"}, "0 blocks are listed"),
    ],
)
def test_a_map_that_contradicts_itself_is_refused_with_the_reason(
    changes: dict[str, object], words: str
) -> None:
    with refused(Code.IMAGE_CORRUPT) as refusal:
        parse(block_map(IMAGE, RANGES, changes=changes))
    assert words in (refusal.fault.details or "")


@pytest.mark.parametrize("name", ["ImageSize", "BlockSize", "BlocksCount", "BlockMap"])
def test_a_map_with_a_part_missing_is_refused(name: str) -> None:
    blank = block_map(IMAGE, RANGES).decode()
    own = blank.split("<BmapFileChecksum> ")[1][:64]
    renamed = blank.replace(own, "0" * 64).replace(f"<{name}>", f"<Not{name}>")
    renamed = renamed.replace(f"</{name}>", f"</Not{name}>")
    with refused(Code.IMAGE_CORRUPT):
        parse(seal(renamed.encode()))


@pytest.mark.parametrize("at", range(60, len(SOUND), 97))
def test_a_changed_byte_is_noticed_wherever_it_is(at: int) -> None:
    with refused(Code.IMAGE_CORRUPT):
        parse(SOUND[:at] + bytes([SOUND[at] ^ 1]) + SOUND[at + 1 :])


@pytest.mark.parametrize("changes", [{"version": "1.4"}, {"version": "3.0"}, {"algorithm": "md5"}])
def test_what_cannot_be_relied_on_is_refused_with_a_way_out(changes: dict[str, str]) -> None:
    with refused(Code.NOT_SUPPORTED) as refusal:
        parse(block_map(IMAGE, RANGES, changes=changes))
    assert "bmaptool" in (refusal.fault.hint or "")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<bmap/>",
        b"<html/>",
        b"\x1f\x8b\x08 not XML",
        b'<?xml version="1.0" encoding="nonsense"?><bmap/>',
        b'<!DOCTYPE b [<!ENTITY a "x"><!ENTITY c "&a;&a;">]><bmap version="2.0">&c;</bmap>',
        b'<!DOCTYPE b SYSTEM "file:///etc/passwd"><bmap version="2.0"/>',
        b"<a>" * (MAX_SIZE // 3),
        b" " * (MAX_SIZE + 1),
    ],
    ids=["empty", "bare", "html", "gzip", "encoding", "entities", "file", "depth", "size"],
)
def test_anything_else_is_no_block_map(data: bytes) -> None:
    with refused(Code.IMAGE_CORRUPT):
        parse(data)


def test_one_that_is_nested_deep_is_not_read_to_its_end() -> None:
    with refused(Code.IMAGE_CORRUPT) as refusal:
        parse(b"<bmap>" * 9 + b"<")
    assert "nested more than 8 deep" in (refusal.fault.details or "")
