"""The reference implementation's word on our parts: AOSP libsparse's own command-line tools."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flashyard.flash.images.generated import Generated
from flashyard.flash.images.image import Image, inspect
from flashyard.flash.source import MIB, Kind, Source
from support.sparse_images import DONT_CARE, RAW, Piece, build, download, raw_images

# Debian keeps mke2fs where ordinary users' PATH does not look.
WHERE = os.environ["PATH"] + ":/usr/sbin:/sbin"


def tool(name: str, *arguments: str | Path) -> None:
    path = shutil.which(name, path=WHERE)
    assert path, f"{name} is not installed: `make test` installs it"
    subprocess.run([path, *map(str, arguments)], check=True, capture_output=True)


def rebuild(source: Source, limit: int, folder: Path) -> bytes:
    """Let simg2img apply the parts, in order."""
    paths = []
    for number, part in enumerate(source.parts(limit)):
        assert part.size <= limit
        paths.append(folder / f"part{number}")
        paths[-1].write_bytes(download(part))
    out = folder / "rebuilt"
    out.unlink(missing_ok=True)
    tool("simg2img", *paths, out)
    return out.read_bytes()


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tools")


@pytest.fixture(scope="module")
def filesystem(scratch: Path) -> Path:
    """An ext4 image with files in it, most of it zeros."""
    noise = random.Random(5)
    content = scratch / "content"
    content.mkdir()
    for number in range(30):
        (content / str(number)).write_bytes(noise.randbytes(noise.randint(1, 300_000)))
    path = scratch / "ext4.img"
    tool("mke2fs", "-q", "-t", "ext4", "-d", content, path, "24M")
    return path


@pytest.mark.parametrize("limit", [64 << 10, 300_001, MIB, 5 * MIB])
def test_simg2img_rebuilds_a_filesystem_from_our_parts(
    scratch: Path, filesystem: Path, limit: int
) -> None:
    with Image(filesystem) as image:
        assert rebuild(image, limit, scratch) == filesystem.read_bytes()


@pytest.mark.parametrize("limit", [64 << 10, 300_001, MIB, 5 * MIB, 100 * MIB])
def test_simg2img_rebuilds_a_sparse_image_of_img2simg_from_our_parts(
    scratch: Path, filesystem: Path, limit: int
) -> None:
    sparse = scratch / "ext4.simg"
    tool("img2simg", filesystem, sparse)
    facts = inspect(sparse)
    assert facts.kind is Kind.SPARSE
    assert facts.expanded_size == filesystem.stat().st_size
    with Image(sparse) as image:
        assert rebuild(image, limit, scratch) == filesystem.read_bytes()


def test_simg2img_rebuilds_a_sparse_image_with_holes_from_our_parts(
    scratch: Path, filesystem: Path
) -> None:
    data = filesystem.read_bytes()
    pieces = []
    for at in range(0, len(data), 4096):
        block = data[at : at + 4096]
        pieces.append(Piece(RAW, 1, block) if any(block) else Piece(DONT_CARE, 1, b""))
    holes = scratch / "holes.simg"
    holes.write_bytes(build(4096, pieces))
    with Image(holes) as image:
        assert image.content_size < image.expanded_size == len(data)
        assert rebuild(image, MIB, scratch) == data


def test_simg2img_rebuilds_generated_content_from_our_parts(scratch: Path) -> None:
    source = Generated("tools", 9 * MIB + 1)
    (whole,) = source.parts(1 << 30)
    rebuilt = rebuild(source, 2 * MIB, scratch)
    assert rebuilt == download(whole).ljust(len(rebuilt), b"\0")


@settings(max_examples=25)
@given(data=st.data(), limit=st.integers(5000, 150_000))
def test_simg2img_rebuilds_any_raw_image_from_our_parts(
    scratch: Path, data: st.DataObject, limit: int
) -> None:
    content = data.draw(raw_images(4096)).ljust(limit + 1, b"\x01")
    path = scratch / "raw.img"
    path.write_bytes(content)
    with Image(path) as image:
        rebuilt = rebuild(image, limit, scratch)
    assert rebuilt == content.ljust(len(rebuilt), b"\0")
