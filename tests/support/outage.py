"""Ways in which a bridge loses its database, and how it is given back. It judges nothing."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from abc import ABC, abstractmethod
from pathlib import Path

from support.postgres import Postgres
from support.small_disk import SmallDisk


class Outage(ABC):
    """A database at ``url`` that goes and comes back."""

    url: str

    @abstractmethod
    async def go(self) -> None:
        """Take it away."""

    @abstractmethod
    async def come_back(self) -> None:
        """Give it back."""


class Stopped(Outage):
    """A server that is not there."""

    def __init__(self, server: Postgres) -> None:
        self.url = server.create()
        self._server = server

    async def go(self) -> None:
        await self._server.stop()

    async def come_back(self) -> None:
        await self._server.start()


class Frozen(Outage):
    """A server that is there, and says nothing."""

    def __init__(self, server: Postgres) -> None:
        self.url = server.create()
        self._server = server

    async def go(self) -> None:
        self._server.freeze()

    async def come_back(self) -> None:
        self._server.thaw()


class Held(Outage):
    """SQLite's file, in which somebody else writes, and does not come to an end."""

    def __init__(self, file: Path) -> None:
        self.url = f"sqlite:///{file}"
        self._file = file
        self._holder: sqlite3.Connection | None = None

    async def go(self) -> None:
        self._holder = sqlite3.connect(self._file, isolation_level=None, timeout=20)
        self._holder.execute("BEGIN IMMEDIATE")

    async def come_back(self) -> None:
        assert self._holder is not None
        self._holder.execute("ROLLBACK")
        self._holder.close()


class Full(Outage):
    """A disk on which there is no room, with SQLite's file or a server's on it."""

    def __init__(self, url: str, disk: SmallDisk, server: Postgres | None = None) -> None:
        self.url = url
        self._disk = disk
        self._server = server

    async def go(self) -> None:
        self._disk.fill()

    async def come_back(self) -> None:
        self._disk.clear()
        if self._server is not None:
            await self._server.stop()  # it may have given up by itself
            await self._server.start()


def move(files: Path, to: Path) -> None:
    """Move a server's files to another disk, where it finds them all the same."""
    subprocess.run(["cp", "-a", files, to], check=True)
    shutil.rmtree(files)
    files.symlink_to(to)
