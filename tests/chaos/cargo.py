"""What is flashed: a few images of every kind, what a device must hold of each, and their wire."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import NamedTuple

import httpx

from flashyard.flash.images.generated import Generated
from flashyard.flash.images.image import Image
from flashyard.flash.source import Source
from support.packings import gzipped, xzed, zstded
from support.sparse_images import DONT_CARE, FILL, RAW, Piece, apply_sparse, build

MIB = 1 << 20
PART_SIZE = MIB  # the least a hub cuts into
_BLOCK = 4096
_LIMIT = 256 * MIB  # what the devices take at once


class Cargo(NamedTuple):
    """One image: its file, what it makes of an empty partition, and the bytes of its parts."""

    name: str
    file: bytes
    content: bytes
    parts: tuple[int, ...]


def images(folder: Path, seed: str, mib: int) -> list[Cargo]:
    """Make one image of each kind, the largest of about ``mib`` MiB on the wire."""
    noise = Random(f"{seed}:images")
    small = noise.randbytes(MIB // 2 + 123)  # one part, and no whole number of blocks
    whole = noise.randbytes(mib * MIB * 3 // 4 + 77)
    holed = noise.randbytes(mib * MIB // 2) + bytes(2 * MIB) + noise.randbytes(MIB)
    sparse, full = _sparse(noise, mib * MIB)
    kinds = {
        "small": (small, small, small),
        "raw": (whole, whole, whole),
        "raw-with-zeros": (holed, holed, holed),
        "sparse": (sparse, sparse, full),
        "raw.gz": (gzipped(holed), holed, holed),
        "sparse.xz": (xzed(sparse), sparse, full),
        "raw.zst": (zstded(whole), whole, whole),
    }
    return [
        Cargo(name, file, content, _parts_of_file(folder / name, inside))
        for name, (file, inside, content) in kinds.items()
    ]


def generated(job_id: str, size: int) -> Cargo:
    """What a start without an image flashes."""
    source = Generated(job_id, size)
    content = b"".join(bytes(view) for view in source.views(0, size))
    return Cargo("generated", b"", content, _parts(source))


async def upload(http: httpx.AsyncClient, cargo: Cargo) -> str:
    """Store an image; return its SHA-256."""
    answer = await http.post(
        f"/api/images?name={cargo.name}",
        content=cargo.file,
        headers={"Content-Type": "application/octet-stream"},
    )
    assert answer.status_code in {200, 201}, answer.text
    return str(answer.json()["image"]["sha256"])


def holds(file: Path, content: bytes) -> bool:
    """Is this what the partition holds, with nothing but zeros in its last block behind it?"""
    if not file.exists():
        return False
    held = file.read_bytes()
    tail = held[len(content) :]
    return held[: len(content)] == content and len(tail) < _BLOCK and not any(tail)


def _sparse(noise: Random, size: int) -> tuple[bytes, bytes]:
    blocks = size // _BLOCK // 5
    pieces = []
    for kind in (RAW, DONT_CARE, RAW, FILL, RAW, DONT_CARE, RAW, RAW):
        body = {RAW: blocks * _BLOCK, FILL: 4, DONT_CARE: 0}[kind]
        pieces.append(Piece(kind, blocks, noise.randbytes(body)))
    image = build(_BLOCK, pieces)
    device = bytearray(8 * blocks * _BLOCK)
    apply_sparse(image, device)
    return image, bytes(device)


def _parts_of_file(path: Path, inside: bytes) -> tuple[int, ...]:
    path.write_bytes(inside)
    with Image(path) as image:
        return _parts(image)


def _parts(source: Source) -> tuple[int, ...]:
    return tuple(part.size for part in source.parts(_LIMIT, part_size=PART_SIZE))
