"""The plans of jobs with several partitions, each once, named by its SHA-256: for a retry.

A device's record has no room for them. They lie beside the images, so that bridges share them.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from pathlib import Path

from flashyard.contract.plans import FlashPlan
from flashyard_bridge.images.draft import write_whole

MAX_KEPT = 10_000
_MAX_BYTES = 1024 * 1024


class Plans:
    """A folder of plans, the newest ten thousand of them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def open(self) -> None:
        """Remove the plans that were used least recently. Blocks."""
        kept = sorted(self._folder.glob("*.json"), key=lambda path: path.stat().st_mtime)
        for path in kept[:-MAX_KEPT]:
            path.unlink(missing_ok=True)

    async def keep(self, plan: FlashPlan) -> str:
        """Keep a plan and return its name.

        Raises:
            FaultError: `disk_full`.
        """
        content = plan.encode()
        name = _named(content)
        await asyncio.to_thread(self._write, name, content)
        return name

    async def get(self, name: str) -> FlashPlan | None:
        """Look a plan up; None: it is not kept any more, or not as it was."""
        return await asyncio.to_thread(self._read, name)

    def _write(self, name: str, content: bytes) -> None:
        path = self._path(name)
        path.parent.mkdir(exist_ok=True)
        write_whole(path, content, replace=self._read(name) is None)
        os.utime(path)

    def _read(self, name: str) -> FlashPlan | None:
        try:
            with self._path(name).open("rb") as file:
                content = file.read(_MAX_BYTES)
            # What was changed since is nobody's wish.
            return FlashPlan.decode(content) if _named(content) == name else None
        except (FileNotFoundError, ValueError):
            return None

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.json"


def _named(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
