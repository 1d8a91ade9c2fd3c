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
        name = hashlib.sha256(content).hexdigest()
        await asyncio.to_thread(self._write, self._folder / f"{name}.json", content)
        return name

    async def get(self, name: str) -> FlashPlan | None:
        """Look a plan up; None: it is not kept any more."""
        return await asyncio.to_thread(self._read, self._folder / f"{name}.json")

    @staticmethod
    def _write(path: Path, content: bytes) -> None:
        path.parent.mkdir(exist_ok=True)
        write_whole(path, content, replace=False)
        os.utime(path)

    @staticmethod
    def _read(path: Path) -> FlashPlan | None:
        try:
            with path.open("rb") as file:
                return FlashPlan.decode(file.read(_MAX_BYTES))
        except (FileNotFoundError, ValueError):
            return None
