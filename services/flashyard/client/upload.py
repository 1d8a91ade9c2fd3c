"""An image on its way into a bridge's store: hashed first, sent only if it is not there yet."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from flashyard.client.bridge import Bridge
from flashyard.contract.faults import Code, refuse

_CHUNK = 1024 * 1024

Advance = Callable[[int], None]  # is told of so many more bytes


@dataclass(frozen=True, slots=True)
class LocalImage:
    """A file that was read whole once. ``size`` in bytes."""

    path: Path
    size: int
    sha256: str


async def read(path: Path, advance: Advance) -> LocalImage:
    """Hash a file.

    Raises:
        FaultError: `invalid_request`: it is no readable file; `image_corrupt`: it is empty.
    """
    digest = hashlib.sha256()
    size = 0
    async for chunk in _chunks(path, advance):
        digest.update(chunk)
        size += len(chunk)
    if size == 0:
        raise refuse(Code.IMAGE_CORRUPT, f"The image {path} is empty.")
    return LocalImage(path, size, digest.hexdigest())


async def send(bridge: Bridge, image: LocalImage, advance: Advance, *, unpack: bool = True) -> None:
    """Store an image; with ``unpack`` False a compressed one as what it is.

    Raises:
        FaultError: the bridge refuses it, or `image_digest`: the file changed under our hands.
        UnreachableError: the bridge went away.
    """
    chunks = _chunks(image.path, advance)
    stored = await bridge.upload(image.path.name, image.size, chunks, unpack=unpack)
    if stored.sha256 != image.sha256:
        raise refuse(
            Code.IMAGE_DIGEST,
            f"The image {image.path} changed while it was being sent.",
            hint="Wait until it is written, then flash again.",
        )


async def _chunks(path: Path, advance: Advance) -> AsyncIterator[bytes]:
    file = await asyncio.to_thread(_open, path)
    with file:
        while chunk := await asyncio.to_thread(file.read, _CHUNK):
            yield chunk
            advance(len(chunk))


def _open(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise refuse(
            Code.INVALID_REQUEST,
            f"The image {path} cannot be read: {error.strerror}.",
            hint="Name a file that is there and yours to read.",
        ) from error
