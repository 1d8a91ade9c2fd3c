"""An image on its way into a bridge's store: hashed first, sent only if it is not there yet.

It is a file as it is, or what somebody else makes of one while it is read.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from flashyard.client.bridge import Bridge
from flashyard.contract.faults import Code, FaultError, refuse

_CHUNK = 1024 * 1024

Advance = Callable[[int], None]  # is told of so many more bytes
Pieces = Iterator[bytes | memoryview]  # none is empty, each is valid until the next


@dataclass(frozen=True, slots=True)
class LocalImage:
    """Bytes that were read whole once. ``pieces`` reads them again, blocking."""

    name: str
    size: int
    sha256: str
    pieces: Callable[[], Pieces]


async def read(path: Path, advance: Advance) -> LocalImage:
    """Hash a file.

    Raises:
        FaultError: `invalid_request`: it is no readable file; `image_corrupt`: it is empty.
    """
    digest = hashlib.sha256()
    size = 0
    pieces = partial(_pieces, path)
    async for piece in _read(pieces(), advance):
        digest.update(piece)
        size += len(piece)
    if size == 0:
        raise refuse(Code.IMAGE_CORRUPT, f"The image {path} is empty.")
    return LocalImage(path.name, size, digest.hexdigest(), pieces)


async def send(bridge: Bridge, image: LocalImage, advance: Advance, *, unpack: bool = True) -> None:
    """Store an image; with ``unpack`` False a compressed one as what it is.

    Raises:
        FaultError: the bridge refuses it, or `image_digest`: the file changed under our hands.
        UnreachableError: the bridge went away.
    """
    pieces = _read(image.pieces(), advance)
    stored = await bridge.upload(image.name, image.size, pieces, unpack=unpack)
    if stored.sha256 != image.sha256:
        raise refuse(
            Code.IMAGE_DIGEST,
            f"The image {image.name} changed while it was being sent.",
            hint="Wait until it is written, then flash again.",
        )


def unreadable(what: str, error: OSError) -> FaultError:
    """Make the refusal of a file that the system does not let us read."""
    return refuse(
        Code.INVALID_REQUEST,
        f"{what} cannot be read: {error.strerror}.",
        hint="Name a file that is there and yours to read.",
    )


async def _read(pieces: Pieces, advance: Advance) -> AsyncIterator[bytes]:
    while piece := await asyncio.to_thread(next, pieces, b""):
        yield bytes(piece)
        advance(len(piece))


def _pieces(path: Path) -> Pieces:
    try:
        with path.open("rb", buffering=0) as file:
            while piece := file.read(_CHUNK):
                yield piece
    except OSError as error:
        raise unreadable(f"The image {path}", error) from error
