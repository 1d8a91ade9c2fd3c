"""Sparse images of every shape, and what they do to a device: written apart from the product."""

from __future__ import annotations

import random
import struct
from collections.abc import Iterable
from typing import NamedTuple

from hypothesis import strategies as st

from flashyard.flash.source import Part

RAW, FILL, DONT_CARE, CRC32 = 0xCAC1, 0xCAC2, 0xCAC3, 0xCAC4
UNTOUCHED = 0xEE


class Piece(NamedTuple):
    """One chunk: ``body`` as it stands in the file."""

    kind: int
    blocks: int
    body: bytes


def build(blk_sz: int, pieces: list[Piece], file_extra: int = 0, chunk_extra: int = 0) -> bytes:
    blocks = sum(piece.blocks for piece in pieces)
    sizes = (28 + file_extra, 12 + chunk_extra)
    header = struct.pack("<IHHHHIIII", 0xED26FF3A, 1, 0, *sizes, blk_sz, blocks, len(pieces), 0)
    out = bytearray(header + b"\x55" * file_extra)
    for kind, count, body in pieces:
        out += struct.pack("<HHII", kind, 0, count, sizes[1] + len(body))
        out += b"\x77" * chunk_extra + body
    return bytes(out)


@st.composite
def sparse_images(draw: st.DrawFn) -> bytes:
    """Sound images of up to some KiB, with holes, fills, checksums and oversized headers."""
    blk_sz = draw(st.sampled_from([4, 12, 64, 512]))
    noise = random.Random(draw(st.integers(0, 99)))
    pieces = []
    for kind in draw(st.lists(st.sampled_from([RAW, FILL, DONT_CARE, CRC32]), max_size=12)):
        blocks = 0 if kind == CRC32 else draw(st.sampled_from([0, 1, 1, 2, 3, 9, 40]))
        length = {RAW: blocks * blk_sz, FILL: 4, DONT_CARE: 0, CRC32: 4}[kind]
        pieces.append(Piece(kind, blocks, noise.randbytes(length)))
    extra = draw(st.sampled_from([(0, 0), (0, 0), (4, 8), (100, 1)]))
    return build(blk_sz, pieces, *extra)


@st.composite
def damaged_copies(draw: st.DrawFn, image: bytes) -> bytes:
    """Change a few bytes, mostly near the beginning, where the headers are."""
    damaged = bytearray(image)
    for _ in range(draw(st.integers(1, 3))):
        last = min(len(image), draw(st.sampled_from([60, 60, 200, 10_000]))) - 1
        damaged[draw(st.integers(0, last))] = draw(st.integers(0, 255))
    return bytes(damaged)


@st.composite
def raw_images(draw: st.DrawFn, block_size: int) -> bytes:
    """Some blocks of zeros, of noise and of almost zeros, and mostly not a whole number of them."""
    noise = random.Random(draw(st.integers(0, 99)))
    out = bytearray()
    for shape in draw(st.lists(st.sampled_from(["zero", "noise", "almost"]), max_size=10)):
        blocks = draw(st.sampled_from([1, 1, 2, 5, 30]))
        if shape == "noise":
            out += noise.randbytes(blocks * block_size)
        else:
            out += bytes(blocks * block_size)
            if shape == "almost":
                out[-draw(st.integers(1, block_size))] = 1
    out += bytes([draw(st.sampled_from([0, 1]))]) * draw(st.integers(0, block_size))
    return bytes(out) or b"\x01"


def apply_sparse(image: bytes, device: bytearray) -> tuple[int, int]:
    """Write an image to a device; give the blocks described and the content bytes written."""
    magic, major, _, file_hdr, chunk_hdr, blk_sz, total, chunks, _ = struct.unpack_from(
        "<IHHHHIIII", image
    )
    assert (magic, major) == (0xED26FF3A, 1)
    device.extend(bytes([UNTOUCHED]) * (total * blk_sz - len(device)))
    at, block, content = file_hdr, 0, 0
    for _ in range(chunks):
        kind, _, count, size = struct.unpack_from("<HHII", image, at)
        body = image[at + chunk_hdr : at + size]
        start, length = block * blk_sz, count * blk_sz
        if kind == RAW:
            assert len(body) == length
            device[start : start + length] = body
        elif kind == FILL:
            assert len(body) == 4
            device[start : start + length] = body * (length // 4)
        content += length if kind in {RAW, FILL} else 0
        at, block = at + size, block + count
    assert at == len(image)
    assert block == total
    return total, content


def download(part: Part) -> bytes:
    """Take a part as a device does, and hold it to what it promised."""
    out, content = bytearray(), 0
    for buffer, stands_for in part.buffers():
        assert len(buffer) > 0
        out += buffer
        content += stands_for
    assert len(out) == part.size
    assert content == part.content
    return bytes(out)


def flash(parts: Iterable[Part]) -> bytearray:
    """Write all parts in order to a device that held nothing but 0xEE."""
    device = bytearray()
    for part in parts:
        if part.sparse:
            apply_sparse(download(part), device)
        else:
            data = download(part)
            device[: len(data)] = data
    return device
