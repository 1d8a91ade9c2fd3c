"""The images this hub has fetched: checked before use, bounded, the least recently used go first.

It fetches an image once however many jobs wait for it, and lets go of none that is in use.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

from flashyard.agent.bounded import Bounded
from flashyard.agent.shelf import Shelf
from flashyard.agent.threads import in_thread
from flashyard.client.download import Download
from flashyard.contract.faults import Code, refuse
from flashyard.contract.records import StoredImage
from flashyard.flash.image import digest

FETCHING = "Fetching image"
CHECKING = "Checking image"
_REMEMBERED = 10_000


class _Mark(NamedTuple):
    """What tells that a file is still the one that was checked."""

    inode: int
    modified: int
    size: int


class _Fetch:
    """One image being made ready, for all who wait for it."""

    def __init__(self, image: StoredImage, query: str) -> None:
        self.image = image
        self.query = query
        self.stage = CHECKING
        self.done = 0  # bytes, of the present stage
        self.download: Download | None = None
        self.task: asyncio.Task[Path]
        self.wanted_by = 0
        self.is_coming = False  # it takes up room, and it may not be there yet
        self.abandoned = False

    def progress(self) -> str:
        """Tell it in steps of ten percent, so that a stage changes at most ten times."""
        done = self.download.received if self.download else self.done
        return f"{self.stage} ({min(done * 10 // self.image.size, 10) * 10} %)"

    def abandon(self) -> None:
        """Nobody waits any more."""
        self.abandoned = True
        if self.download is not None:
            self.download.stop()

    def checked(self, done: int) -> None:
        """Take note of bytes hashed; raises to end the hashing once nobody waits."""
        self.done = done
        if self.abandoned:
            raise refuse(Code.CANCELLED)


class ImageCache:
    """Images by SHA-256 in a directory of its own; ``limit`` is in bytes."""

    def __init__(self, directory: Path, limit: int, bridge_url: str | None) -> None:
        self._shelf = Shelf(directory, limit)
        self._bridge_url = bridge_url
        self._fetches: dict[str, _Fetch] = {}
        self._pins: Counter[str] = Counter()
        self._checked: Bounded[str, _Mark] = Bounded(_REMEMBERED)
        self._tidying = asyncio.Lock()

    async def open(self) -> None:
        """Make the directory, and put away what an earlier run left that cannot be used."""
        await in_thread(self._shelf.open, "image cache")

    async def close(self) -> None:
        """Stop what is being fetched; it is resumed when it is wanted again."""
        tasks = [fetch.task for fetch in self._fetches.values()]
        for fetch in self._fetches.values():
            fetch.abandon()
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    @asynccontextmanager
    async def held(self, image: StoredImage, query: str | None) -> AsyncIterator[Path]:
        """Give an image's file, fetched if need be and of the right SHA-256; keep it while inside.

        Raises:
            FaultError: `image_unreachable`, `unknown_image`, `image_digest`, `disk_full`.
        """
        sha256 = image.sha256
        async with self._tidying:  # what is pinned while files are chosen for removal is too late
            self._pins[sha256] += 1
        try:
            yield await self._ready(image, query or "")
        finally:
            self._pins[sha256] -= 1
            if not self._pins[sha256]:
                del self._pins[sha256]

    def stage(self, sha256: str) -> str | None:
        """What is being done to get an image ready, for people; None: nothing."""
        fetch = self._fetches.get(sha256)
        return fetch.progress() if fetch else None

    async def _ready(self, image: StoredImage, query: str) -> Path:
        while (fetch := self._fetches.get(image.sha256)) and fetch.abandoned:
            await asyncio.wait([fetch.task])  # two must not write one file
        if fetch is None:
            fetch = self._fetches[image.sha256] = _Fetch(image, query)
            fetch.task = asyncio.create_task(self._fetch(fetch), name=f"fetch {image.sha256[:12]}")
            fetch.task.add_done_callback(_hear)
        fetch.wanted_by += 1
        try:
            return await asyncio.shield(fetch.task)
        finally:
            fetch.wanted_by -= 1
            if not fetch.wanted_by and not fetch.task.done():
                fetch.abandon()

    async def _fetch(self, fetch: _Fetch) -> Path:
        sha256 = fetch.image.sha256
        try:
            if not await in_thread(partial(self._has, fetch), f"check {sha256[:12]}"):
                await self._make_room(fetch)
                await in_thread(partial(self._download, fetch), f"fetch {sha256[:12]}")
            return self._shelf.whole(sha256)
        finally:
            del self._fetches[sha256]

    def _has(self, fetch: _Fetch) -> bool:
        """Is it there? A file that was not looked at in this run of the hub is hashed first."""
        sha256 = fetch.image.sha256
        path = self._shelf.whole(sha256)
        try:
            if self._checked.get(sha256) != _mark(path):
                if digest(path, fetch.checked) != sha256:
                    path.unlink()
                    return False
                self._checked[sha256] = _mark(path)
            self._shelf.use(sha256)
        except FileNotFoundError:
            return False
        return True

    async def _make_room(self, fetch: _Fetch) -> None:
        if self._bridge_url is None:
            raise refuse(Code.IMAGE_UNREACHABLE, "The hub was not told where the bridge is.")
        async with self._tidying:
            fetch.is_coming = True
            coming = {
                sha256: other.image.size
                for sha256, other in self._fetches.items()
                if other.is_coming
            }
            make_room = partial(
                self._shelf.make_room, fetch.image.sha256, coming, frozenset(self._pins)
            )
            await in_thread(make_room, "image cache")

    def _download(self, fetch: _Fetch) -> None:
        image = fetch.image
        draft = self._shelf.draft(image.sha256)
        download = Download(self._bridge_url or "", fetch.query, image.sha256, image.size, draft)
        fetch.stage, fetch.download = FETCHING, download
        if fetch.abandoned:
            raise refuse(Code.CANCELLED)
        with download:
            download.run()
        path = draft.replace(self._shelf.whole(image.sha256))
        self._checked[image.sha256] = _mark(path)


def _mark(path: Path) -> _Mark:
    about = path.stat()
    return _Mark(about.st_ino, about.st_mtime_ns, about.st_size)


def _hear(task: asyncio.Task[Path]) -> None:
    """Take note of how a fetch ended, so that one nobody waited for is no complaint."""
    if not task.cancelled():
        task.exception()
