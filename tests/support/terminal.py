"""A `flashyard` command on a terminal of its own: what it draws, and what is typed at it."""

from __future__ import annotations

import asyncio
import fcntl
import os
import re
import signal
import struct
import sys
import termios
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from support.waiting import until

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    """``text`` is all that was written so far, without colours and cursor moves."""

    def __init__(self, process: Process, master: int) -> None:
        self.text = ""
        self._process = process
        self._master = master

    async def shows(self, words: str, within: float = 30.0) -> None:
        """Wait until these words were written."""
        await until(lambda: words in self.text or self._process.returncode is not None, within)
        assert words in self.text, self.text

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def interrupt(self) -> None:
        """Do what Ctrl-C does."""
        os.kill(self._process.pid, signal.SIGINT)

    async def ended(self, within: float = 30.0) -> int:
        async with asyncio.timeout(within):
            return await self._process.wait()

    def read(self) -> None:
        with suppress(OSError):  # the other end is gone
            self.text += _ESCAPES.sub("", os.read(self._master, 65536).decode(errors="replace"))


@asynccontextmanager
async def on_terminal(*arguments: str | Path, columns: int = 100) -> AsyncIterator[Terminal]:
    """Run `flashyard …` on a terminal while inside."""
    master, slave = os.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 30, columns, 0, 0))
    kept = {
        key: os.environ[key] for key in ("PATH", "HOME", "LANG", "PYTHONPATH") if key in os.environ
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "flashyard", *map(str, arguments)),
        stdin=slave,
        stdout=slave,
        stderr=slave,
        cwd="/",
        env={**kept, "TERM": "xterm-256color", "XDG_CONFIG_HOME": "/nonexistent"},
    )
    os.close(slave)
    terminal = Terminal(process, master)
    loop = asyncio.get_running_loop()
    loop.add_reader(master, terminal.read)
    try:
        yield terminal
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
            await process.wait()
        loop.remove_reader(master)
        os.close(master)
