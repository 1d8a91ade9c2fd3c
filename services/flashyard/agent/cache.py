"""The images this hub has fetched: checked before use, bounded, the least recently used go first.

It fetches an image once, and unpacks it once, however many jobs wait for it, and lets go of none
that is in use.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

from flashyard.agent.bounded import Bounded
from flashyard.agent.making import Making, Workshop
from flashyard.agent.shelf import Shelf, unpacked_name
from flashyard.agent.threads import in_thread
from flashyard.client.download import Download
from flashyard.contract.faults import Code, refuse
from flashyard.contract.records import StoredImage
from flashyard.contract.records import Unpacked as Promise
from flashyard.flash.images.facts import Unpacked
from flashyard.flash.images.image import digest
from flashyard.flash.images.lending import Lending
from flashyard.flash.images.packed.expansion import expand
from flashyard.flash.images.packed.packing import Packing
from flashyard.flash.throttle.allowance import Allowance

FETCHING = "Fetching image"
CHECKING = "Checking image"
UNPACKING = "Unpacking image"
_REMEMBERED = 10_000


class _Mark(NamedTuple):
    """What tells that a file is still the one that was checked."""

    inode: int
    modified: int
    size: int


class ImageCache:
    """Images by SHA-256 in a directory of its own; ``limit`` is in bytes.

    ``allowance`` tells each download how fast it may go.

    Attributes:
        lending: opens them, once for all who write one at the same time.
    """

    def __init__(
        self,
        directory: Path,
        limit: int,
        bridge_url: str | None,
        allowance: Callable[[], Allowance] = Allowance,
    ) -> None:
        self.lending = Lending()
        self._shelf = Shelf(directory, limit)
        self._bridge_url = bridge_url
        self._allowance = allowance
        self._workshop = Workshop()
        self._coming: dict[str, int] = {}  # bytes of what takes up room and may not be there yet
        self._pins: Counter[str] = Counter()
        self._checked: Bounded[str, _Mark] = Bounded(_REMEMBERED)
        self._tidying = asyncio.Lock()

    async def open(self) -> None:
        """Make the directory, and put away what an earlier run left that cannot be used."""
        await in_thread(self._shelf.open, "image cache")

    async def close(self) -> None:
        """Stop what is being fetched; it is resumed when it is wanted again."""
        await self._workshop.close()

    @asynccontextmanager
    async def held(self, image: StoredImage, query: str | None) -> AsyncIterator[Path]:
        """Give an image's file, fetched if need be and of the right SHA-256; keep it while inside.

        Of a compressed image it is the file inside.

        Raises:
            FaultError: `image_unreachable`, `unknown_image`, `image_digest`, `disk_full`,
                `image_corrupt`: what is inside is not what the order says.
        """
        names = {image.sha256, unpacked_name(image.sha256)}
        async with self._tidying:  # what is pinned while files are chosen for removal is too late
            self._pins.update(names)
        try:
            if image.unpacked is None:
                yield await self._fetched(image, query or "")
            else:
                yield await self._unpacked(image, image.unpacked, query or "")
        finally:
            self._pins.subtract(names)
            self._pins = +self._pins

    def stage(self, sha256: str) -> str | None:
        """What is being done to get an image ready, for people; None: nothing."""
        return self._workshop.stage(sha256) or self._workshop.stage(unpacked_name(sha256))

    def went(self, sha256: str) -> int:
        """How many bytes that is at; the number alone tells that it is going on."""
        return self._workshop.went(sha256) + self._workshop.went(unpacked_name(sha256))

    async def _fetched(self, image: StoredImage, query: str) -> Path:
        """Give the file as it was uploaded."""
        new = partial(Making, CHECKING, image.size)
        return await self._workshop.made(image.sha256, new, partial(self._fetch, image, query))

    async def _unpacked(self, image: StoredImage, promise: Promise, query: str) -> Path:
        """Give the file inside."""
        name = unpacked_name(image.sha256)
        if not await in_thread(partial(self._has_unpacked, name), "image cache"):
            path = await self._fetched(image, query)
            new = partial(Making, UNPACKING, image.size)
            await self._workshop.made(name, new, partial(self._unpack, name, path, promise))
        return self._shelf.whole(name)

    async def _fetch(self, image: StoredImage, query: str, making: Making) -> Path:
        sha256 = image.sha256
        if not await in_thread(partial(self._has, sha256, making), f"check {sha256[:12]}"):
            if self._bridge_url is None:
                raise refuse(Code.IMAGE_UNREACHABLE, "The hub was not told where the bridge is.")
            draft = self._shelf.draft(sha256)
            url, allowance = self._bridge_url, self._allowance()
            download = Download(url, query, sha256, image.size, draft, allowance=allowance)
            work = partial(self._download, download, draft, making)
            await self._with_room(sha256, image.size, work, f"fetch {sha256[:12]}")
        return self._shelf.whole(sha256)

    async def _unpack(self, name: str, path: Path, promise: Promise, making: Making) -> Path:
        if not await in_thread(partial(self._has_unpacked, name), "image cache"):
            work = partial(self._expand, name, path, promise, making)
            await self._with_room(name, promise.data, work, f"unpack {name[:12]}")
        return self._shelf.whole(name)

    def _has(self, sha256: str, making: Making) -> bool:
        """Is it there? A file that was not looked at in this run of the hub is hashed first."""
        path = self._shelf.whole(sha256)
        try:
            if self._checked.get(sha256) != _mark(path):
                if digest(path, making.went) != sha256:
                    path.unlink()
                    return False
                self._checked[sha256] = _mark(path)
            self._shelf.use(sha256)
        except FileNotFoundError:
            return False
        return True

    def _has_unpacked(self, name: str) -> bool:
        """Is it there, as this run of the hub has written it?

        One that an earlier run left is replaced, never removed: somebody may be doing so just now.
        """
        try:
            found = _mark(self._shelf.whole(name))
            is_known = self._checked.get(name) == found  # it is known before it is there
            if is_known:
                self._shelf.use(name)
        except FileNotFoundError:
            return False
        return is_known

    async def _with_room(self, name: str, size: int, work: partial[None], thread: str) -> None:
        """Have a file of so many bytes written, once there is room for it."""
        try:
            async with self._tidying:
                self._coming[name] = size
                make_room = partial(
                    self._shelf.make_room, name, dict(self._coming), frozenset(self._pins)
                )
                await in_thread(make_room, "image cache")
            await in_thread(work, thread)
        finally:
            self._coming.pop(name, None)

    def _download(self, download: Download, draft: Path, making: Making) -> None:
        making.stage = FETCHING
        making.done, making.stop = lambda: download.received, download.stop
        making.go_on()
        with download:
            download.run()
        self._keep(draft)

    def _expand(self, name: str, path: Path, promise: Promise, making: Making) -> None:
        draft = self._shelf.draft(name)
        inside = Unpacked(Packing(promise.compression), promise.size, promise.data)
        try:
            expand(path, draft, inside, making.went)
            self._keep(draft)
        finally:
            draft.unlink(missing_ok=True)

    def _keep(self, draft: Path) -> None:
        # First known, then there: whoever finds a file it does not know does it again.
        path = draft.with_suffix("")
        self._checked[path.name] = _mark(draft)
        draft.replace(path)


def _mark(path: Path) -> _Mark:
    about = path.stat()
    return _Mark(about.st_ino, about.st_mtime_ns, about.st_size)
