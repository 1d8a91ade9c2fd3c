"""Whatever the image and however it must be cut: what is on the device is what was in the file."""

from __future__ import annotations

from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Literal, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flashyard.flash.emulator import Profile
from flashyard.flash.images.image import Image
from flashyard.flash.running.recipe import Recipe, Step
from support.emulated import MIB, SERIAL, emulated
from support.sparse_images import CRC32, DONT_CARE, FILL, RAW, Piece, apply_sparse, build

BLOCK = 4096
LIMITS = st.sampled_from([MIB, MIB + 1, MIB + BLOCK, 3 * MIB // 2, 2 * MIB - 7, 3 * MIB])
# Where cutting goes wrong, if it does: around a block, around a limit, around what is left of one.
EDGES = st.sampled_from([-BLOCK - 1, -BLOCK, -100, -56, -1, 0, 1, 100, BLOCK - 1, BLOCK, BLOCK + 1])


class Case(NamedTuple):
    """What is flashed, over what was there before, to a device with a limit."""

    before: bytes
    image: bytes
    limit: int
    erase: bool


@st.composite
def raw_images(draw: st.DrawFn, limit: int) -> bytes:
    around = draw(st.sampled_from([0, BLOCK, 64 * BLOCK, limit, 2 * limit]))
    size = max(1, min(around + draw(EDGES), 4 * MIB))
    noise = Random(draw(st.integers(0, 1 << 32)))
    out = bytearray()
    while len(out) < size:
        length = noise.choice([1, BLOCK - 1, BLOCK, 7 * BLOCK, 100 * BLOCK, MIB])
        shape = noise.choice(["noise", "noise", "zeros", "a few"])
        out += noise.randbytes(length) if shape == "noise" else bytes(length)
        if shape == "a few":
            out[-1] = 1
    return bytes(out[:size])


@st.composite
def sparse_images(draw: st.DrawFn, limit: int) -> bytes:
    blk_sz = draw(st.sampled_from([BLOCK, BLOCK, 1024, 65536]))
    noise = Random(draw(st.integers(0, 1 << 32)))
    most = limit // blk_sz
    pieces, raw = [], 0
    for kind in draw(st.lists(st.sampled_from([RAW, RAW, FILL, DONT_CARE, CRC32]), max_size=9)):
        if kind == CRC32:
            pieces.append(Piece(kind, 0, noise.randbytes(4)))
            continue
        around = draw(st.sampled_from([1, 1, 2, 17, most - 1, most, most + 1, 3 * most // 2]))
        blocks = max(1, around if kind == RAW else around * noise.choice([1, 1, 5]))
        raw += blocks * blk_sz if kind == RAW else 0
        if raw > 5 * MIB:
            break
        body = {RAW: blocks * blk_sz if kind == RAW else 0, FILL: 4, DONT_CARE: 0}[kind]
        pieces.append(Piece(kind, blocks, noise.randbytes(body)))
    return build(blk_sz, pieces or [Piece(DONT_CARE, 1, b"")])


@st.composite
def cases(draw: st.DrawFn) -> Case:
    limit = draw(LIMITS)
    image = draw(st.one_of(raw_images(limit), sparse_images(limit)))
    before = draw(st.one_of(st.just(b""), raw_images(limit)))
    return Case(before, image, limit, erase=draw(st.booleans()))


def rounded(size: int) -> int:
    return -(-size // BLOCK) * BLOCK


def expected(case: Case) -> tuple[bytes, int]:
    """Work out what is on the device afterwards, and the content bytes that took."""
    content = len(case.before)
    there = b"" if case.erase else case.before
    if case.image[:4] != b"\x3a\xff\x26\xed":
        size = len(case.image)
        return case.image + bytes(rounded(size) - size), content + size
    total = int.from_bytes(case.image[12:16], "little") * int.from_bytes(
        case.image[16:20], "little"
    )
    device = bytearray(there[:total] + bytes(max(0, total - len(there))))
    _, written = apply_sparse(case.image, device)
    return bytes(device), content + written


def arrives(case: Case, transport: Literal["tcp", "udp"]) -> None:
    profile = Profile(serial=SERIAL, max_download_size=case.limit)
    with TemporaryDirectory() as folder, emulated(Path(folder), transport, profile) as device:
        before, image = Path(folder) / "before.img", Path(folder) / "image.img"
        before.write_bytes(case.before)
        image.write_bytes(case.image)
        if case.before:
            with Image(before) as source:
                device.flash(Recipe(steps=(Step("system", source),), reboot=False))
        with Image(image) as source:
            recipe = Recipe(steps=(Step("system", source),), erase=case.erase, reboot=False)
            run = device.flash(recipe)
            assert run.content == source.content_size
        content, written = expected(case)
        assert run.content + len(case.before) == written
        assert device.content("system") == content


FEW, MANY = 200, 2000
CALMLY = settings(
    max_examples=FEW,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@CALMLY
@given(cases())
def test_every_image_arrives_over_tcp(case: Case) -> None:
    arrives(case, "tcp")


@settings(CALMLY, max_examples=50)
@given(cases())
def test_every_image_arrives_over_udp(case: Case) -> None:
    arrives(case, "udp")


@pytest.mark.long
@pytest.mark.timeout(1200)
@settings(CALMLY, max_examples=MANY)
@given(cases(), st.sampled_from(["tcp", "udp"]))
def test_thousands_of_images_arrive(case: Case, transport: Literal["tcp", "udp"]) -> None:
    arrives(case, transport)
