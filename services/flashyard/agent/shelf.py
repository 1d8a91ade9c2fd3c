"""The image cache's directory: names, sizes and ages of files, and which go when room is needed.

Blocking. It knows neither where images come from nor who uses them.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path

from flashyard.contract.faults import Code, refuse

RESERVE = 64 << 20  # bytes of the disk that are left to others
_UNPACKED = ".unpacked"
_NAME = re.compile(rf"([0-9a-f]{{64}}({_UNPACKED})?)(\.part)?")
_SECTOR = 512  # what `st_blocks` counts, whatever the file system's block


def unpacked_name(sha256: str) -> str:
    """What the file inside a compressed image is called."""
    return f"{sha256}{_UNPACKED}"


class Shelf:
    """Files named by their SHA-256, or that of what they were unpacked from.

    Those that are not whole yet end in ``.part``. What was unpacked is written without being made
    durable, and has no digest of its own: it does not outlive the run of the hub.
    """

    def __init__(self, directory: Path, limit: int) -> None:
        self._directory = directory
        self._limit = limit

    def open(self) -> None:
        """Make the directory, remove what is not ours, and keep to the limit.

        Raises:
            OSError: it cannot be used.
        """
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path in self._directory.iterdir():
            name = _NAME.fullmatch(path.name)
            if (name is None or name[2]) and path.is_file():
                path.unlink()
        self._evict(self._limit, frozenset())

    def whole(self, name: str) -> Path:
        """Where a whole file lies, or would."""
        return self._directory / name

    def draft(self, name: str) -> Path:
        """Where a file is built up."""
        return self._directory / f"{name}.part"

    def use(self, name: str) -> None:
        """Note that a file was wanted now.

        Raises:
            FileNotFoundError: it is not there.
        """
        path = self.whole(name)
        os.utime(path, ns=(time.time_ns(), path.stat().st_mtime_ns))

    def make_room(self, name: str, coming: Mapping[str, int], keep: AbstractSet[str]) -> None:
        """Remove the least recently used until a file fits.

        Args:
            name: of the file.
            coming: bytes by the name of all files that are being written, this one included;
                what is there of them already counts as part of that.
            keep: the names of those that must stay.

        Raises:
            FaultError: `disk_full`: it cannot fit within the limit, or on the disk.
        """
        if not self._evict(self._limit - sum(coming.values()), keep, frozenset(coming)):
            raise refuse(
                Code.DISK_FULL,
                "The image does not fit into the hub's cache beside those in use.",
                hint="Raise --cache-size, or wait until fewer images are in use.",
                details=f"{coming[name]} bytes, of {self._limit} for all",
            )
        draft = self.draft(name)
        needed = coming[name] - (draft.stat().st_size if draft.exists() else 0)
        free = shutil.disk_usage(self._directory).free
        if free < needed + RESERVE:
            raise refuse(
                Code.DISK_FULL,
                f"The hub's disk is too full for the image: {RESERVE >> 20} MiB of it stay free.",
                hint="Free some space on the hub, or lower its --cache-size.",
                details=f"{free} bytes are free, {needed} are needed",
            )

    def _evict(
        self, limit: int, keep: AbstractSet[str], uncounted: AbstractSet[str] = frozenset()
    ) -> bool:
        """Remove the oldest until at most ``limit`` bytes are left; False: that is impossible."""
        files = []
        total = 0
        for path in self._directory.iterdir():
            name = _NAME.fullmatch(path.name)
            if name is None or name[1] in uncounted:
                continue
            about = path.stat()
            size = min(about.st_size, about.st_blocks * _SECTOR)  # holes take no room
            total += size
            if name[1] not in keep:
                files.append((about.st_atime_ns, size, path))
        for _, size, path in sorted(files):
            if total <= limit:
                break
            path.unlink()
            total -= size
        return total <= limit
