"""An image on its way into the store: hashed as it comes, gone without a trace if it is cut.

Knows bytes; what they mean is looked at when all are there.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import os
import shutil
from collections.abc import AsyncIterable, Callable
from pathlib import Path
from threading import Event
from types import TracebackType
from typing import Self, TypeVar

from flashyard.contract.faults import Code, refuse
from flashyard_bridge.images.draft import create, disk_faults, draft_in, sync_folder

RESERVE = 1 << 30  # bytes left free on the disk
_BUFFER = 1 << 20  # bytes handed to a thread at once: a hop costs more than a small write
_T = TypeVar("_T")


class Upload:
    """An unfinished file in a folder; leaving the context removes what was not kept.

    ``size`` and ``sha256`` (hex) are those of what has been written.
    """

    def __init__(self, folder: Path) -> None:
        self.path = draft_in(folder)
        self.size = 0
        self._hash = hashlib.sha256()
        self._file: io.FileIO | None = None
        self._step: asyncio.Future[None] | None = None

    @property
    def sha256(self) -> str:
        """The digest of what has been written, in hex."""
        return self._hash.hexdigest()

    async def __aenter__(self) -> Self:
        self._file = await asyncio.to_thread(create, self.path)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            # A cancelled task leaves its thread writing: the file stays open as long as that.
            if self._step is not None and not self._step.done():
                await asyncio.wait([self._step])
        finally:
            self.path.unlink(missing_ok=True)
            if self._file is not None:
                self._file.close()

    async def take(self, chunks: AsyncIterable[bytes], expected: int = 0) -> None:
        """Write all that comes.

        Args:
            chunks: the bytes, in pieces of any size.
            expected: how many there will be, as far as that is known.

        Raises:
            FaultError: `disk_full`, before less than 1 GiB is left.
        """
        await self._off_loop(self._leave_room, expected)
        buffer = bytearray()
        async for chunk in chunks:
            buffer += chunk
            if len(buffer) >= _BUFFER:
                await self._off_loop(self._write, buffer)
                buffer = bytearray()
        await self._off_loop(self._write, buffer)

    async def look(self, inspect: Callable[[Path, Callable[[int], None]], _T]) -> _T:
        """Have all that was written looked at, in a thread that ends soon where nobody waits.

        ``inspect`` is given the file and what to call again and again.
        """
        stopped = Event()

        def go_on(_done: int) -> None:
            if stopped.is_set():
                raise refuse(Code.CANCELLED)

        try:
            return await asyncio.to_thread(inspect, self.path, go_on)
        finally:
            stopped.set()

    async def keep(self, path: Path) -> None:
        """Make it durable and give it its name.

        Raises:
            FaultError: `disk_full`.
        """
        await self._off_loop(self._keep, path)

    async def _off_loop(self, step: Callable[[_T], None], argument: _T) -> None:
        loop = asyncio.get_running_loop()
        self._step = loop.run_in_executor(None, step, argument)
        await asyncio.shield(self._step)

    def _open(self) -> io.FileIO:
        if self._file is None:
            raise RuntimeError("the upload was not entered")
        return self._file

    def _keep(self, path: Path) -> None:
        with disk_faults():
            os.fsync(self._open().fileno())
            self.path.rename(path)
            sync_folder(path.parent)

    def _write(self, buffer: bytearray) -> None:
        self._leave_room(len(buffer))
        with disk_faults(), memoryview(buffer) as left:
            written = 0
            while written < len(left):
                written += self._open().write(left[written:])
        self._hash.update(buffer)
        self.size += len(buffer)

    def _leave_room(self, wanted: int) -> None:
        free = shutil.disk_usage(self.path.parent).free
        if free - wanted < RESERVE:
            raise refuse(
                Code.DISK_FULL,
                f"{wanted} bytes more would leave less than 1 GiB free on the bridge's disk.",
            )
