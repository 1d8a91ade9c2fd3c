"""The image store: each image once, named by its SHA-256, with its facts beside it.

Bridges may share a store. An image is there once both its files are; the bytes are named last
and removed first, so a crash never leaves half an image. Knows no job and no HTTP.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterable, Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

from flashyard.contract.faults import Code, refuse
from flashyard.contract.records import Job, StoredImage, Unpacked
from flashyard.flash.images import facts
from flashyard.flash.images.image import inspect
from flashyard_bridge.images.draft import sweep, write_whole
from flashyard_bridge.images.plans import Plans
from flashyard_bridge.images.signature import Signature
from flashyard_bridge.images.upload import Upload

MAX_UPLOADS = 16  # at once
# Reading a large compressed image through takes minutes: it must not take up all the threads that
# the loop lends to everybody.
MAX_INSPECTIONS = 3
_SHA256 = re.compile(r"[0-9a-f]{64}")


class Received(NamedTuple):
    """What came of an upload: the image as it is stored, and whether it is new."""

    image: StoredImage
    is_new: bool


class ImageStore:
    """A folder of images.

    Args:
        folder: is made where there is none.
        now: Unix ms.

    Attributes:
        plans: what jobs of several images consist of.
    """

    def __init__(self, folder: Path, now: Callable[[], int]) -> None:
        self.folder = folder
        self._now = now
        self._uploads = 0
        self._inspections = asyncio.Semaphore(MAX_INSPECTIONS)
        self._signature: Signature | None = None
        self.plans = Plans(folder / "plans")

    def open(self) -> None:
        """Make the folder, load or make its key, and clear away what cut uploads left. Blocks."""
        self.folder.mkdir(parents=True, exist_ok=True)
        sweep(self.folder)
        self.plans.open()
        self._signature = Signature.load(self.folder / "key", self._now)

    @property
    def signature(self) -> Signature:
        """Signs and verifies the hubs' downloads."""
        if self._signature is None:
            raise RuntimeError("the image store is not open")
        return self._signature

    def path(self, sha256: str) -> Path:
        """Tell where an image's bytes are."""
        return self.folder / sha256

    async def get(self, sha256: str) -> StoredImage:
        """Look an image up.

        Raises:
            FaultError: `unknown_image`.
        """
        image = await asyncio.to_thread(self._find, sha256)
        if image is None:
            raise refuse(Code.UNKNOWN_IMAGE)
        return image

    async def all(self) -> list[StoredImage]:
        """List all images, the oldest first."""
        images = await asyncio.to_thread(self._all)
        return sorted(images, key=lambda image: (image.created_at, image.sha256))

    async def receive(
        self,
        chunks: AsyncIterable[bytes],
        name: str | None,
        expected: int = 0,
        *,
        unpack: bool = True,
    ) -> Received:
        """Take an image in; one that is there already stays as it is.

        A compressed one is kept as it came, and read through for what is inside.

        Args:
            chunks: its bytes.
            name: for people; default the first digits of its SHA-256.
            expected: how many bytes there will be, as far as that is known.
            unpack: False: a compressed one goes to devices as it is. The last word counts.

        Raises:
            FaultError: `image_corrupt` (also for an empty one), `disk_full`, `rate_limited`; what
                :func:`inspect` refuses.
        """
        if self._uploads >= MAX_UPLOADS:
            raise refuse(Code.RATE_LIMITED, f"{MAX_UPLOADS} images are being uploaded already.")
        self._uploads += 1
        try:
            async with Upload(self.folder) as upload:
                await upload.take(chunks, expected)
                return await self._adopt(upload, name, unpack=unpack)
        finally:
            self._uploads -= 1

    async def needed(self, job: Job) -> frozenset[str]:
        """Tell the SHA-256 of each image a job consists of, or would be taken back to."""
        of_way_back = await self._planned(job.rollback.kept if job.rollback else None)
        if job.image is not None:
            return of_way_back | {job.image.sha256}
        return of_way_back | await self._planned(job.options.plan if job.options else None)

    async def _planned(self, name: str | None) -> frozenset[str]:
        plan = await self.plans.get(name) if name else None
        return frozenset(step.image for step in plan.partitions) if plan else frozenset()

    async def delete(self, sha256: str) -> None:
        """Remove an image; who reads it just now reads on.

        Raises:
            FaultError: `unknown_image`.
        """
        await self.get(sha256)
        await asyncio.to_thread(self._remove, sha256)

    async def _adopt(self, upload: Upload, name: str | None, *, unpack: bool) -> Received:
        async with self._inspections:
            found = await upload.look(partial(inspect, unpack=unpack))
        sha256 = upload.sha256
        there = await asyncio.to_thread(self._find, sha256)
        image = StoredImage(
            sha256=sha256,
            name=there.name if there else name or f"{sha256[:12]}.img",
            size=found.size,
            kind=found.kind.value,
            expanded_size=found.expanded_size,
            content_size=found.content_size,
            unpacked=found.unpacked and _told(found.unpacked),
            created_at=there.created_at if there else self._now(),
        )
        if image != there:
            await asyncio.to_thread(write_whole, self._facts(sha256), image.encode())
        if there is None:
            await upload.keep(self.path(sha256))
        return Received(image, is_new=there is None)

    def _facts(self, sha256: str) -> Path:
        return self.folder / f"{sha256}.json"

    def _find(self, sha256: str) -> StoredImage | None:
        if not _SHA256.fullmatch(sha256) or not self.path(sha256).is_file():
            return None
        try:
            return StoredImage.decode(self._facts(sha256).read_bytes())
        except (FileNotFoundError, ValueError):
            return None  # without its facts it is of no use; it can be uploaded again

    def _all(self) -> list[StoredImage]:
        found = (self._find(path.stem) for path in self.folder.glob("*.json"))
        return [image for image in found if image is not None]

    def _remove(self, sha256: str) -> None:
        self.path(sha256).unlink(missing_ok=True)
        self._facts(sha256).unlink(missing_ok=True)


def _told(inside: facts.Unpacked) -> Unpacked:
    return Unpacked(compression=inside.packing.value, size=inside.size, data=inside.data)
