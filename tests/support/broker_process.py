"""A real broker on one free loopback port, to be stopped, killed, frozen and started again there.

It knows no product: what is particular to one is with that one.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from support.waiting import until

SHIPPED = Path(__file__).parents[2] / "broker"  # the settings that we ship for other brokers
_TESTS = Path(__file__).parents[1]
_PAUSE = 0.02  # seconds between two looks


class Abilities(NamedTuple):
    """What the tests may rely on; `docs/brokers.md` tells users what follows from a False.

    Attributes:
        keeps_to_wildcards: a wildcard subscription, too, is sent what is retained.
        keeps_over_restart: what is retained outlives the broker's process.
        dot: what becomes of one in a topic; empty: it costs the connection.
    """

    keeps_to_wildcards: bool = True
    keeps_over_restart: bool = False
    dot: str = "."


_ABILITIES = Abilities()


def free_port() -> int:
    """Return a loopback port that nobody listens on now."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def program(name: str, package: str) -> str:
    """Find a program; Debian keeps some where an ordinary user's PATH does not look."""
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")
    assert found is not None, f"the tests need the {package} package, see tests/install-peers"
    return found


def python(module: str, *words: str) -> tuple[list[str], dict[str, str]]:
    """Return command and environment of a module of the tests, and of the sources beside them."""
    path = os.pathsep.join(filter(None, (str(_TESTS), os.environ.get("PYTHONPATH"))))
    return [sys.executable, "-m", module, *words], {**os.environ, "PYTHONPATH": path}


async def serving(process: subprocess.Popen[bytes], port: int, within: float) -> None:
    """Wait until a process accepts connections; it must not end before."""
    async with asyncio.timeout(within):
        while not await _answers(port):
            assert process.poll() is None, f"{process.args!r} ended"
            await asyncio.sleep(_PAUSE)


class Broker(ABC):
    """A broker on one loopback port for its whole life; it runs while inside, or when started."""

    def __init__(self, port: int, able: Abilities = _ABILITIES) -> None:
        self.port = port
        self.able = able

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    @abstractmethod
    async def start(self) -> None:
        """Start, and return when it serves."""

    @abstractmethod
    async def stop(self) -> None:
        """Stop in order; nothing happens to one that does not run."""

    async def restart(self) -> None:
        await self.stop()
        await self.start()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()


class BrokerProcess(Broker):
    """A broker in a process of its own, which can also be killed; it logs to a file.

    ``within``: seconds to start or to stop. It belongs to no event loop and may outlive one.
    """

    def __init__(
        self,
        port: int,
        command: list[str],
        log: Path,
        *,
        able: Abilities = _ABILITIES,
        environment: dict[str, str] | None = None,
        within: float = 60.0,
    ) -> None:
        super().__init__(port, able)
        self._command = command
        self._log = log
        self._environment = environment  # None: this process's own
        self._within = within
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """Its process id while it runs."""
        assert self._process is not None, "it does not run"
        return self._process.pid

    async def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = process = subprocess.Popen(  # noqa: ASYNC220 - outlives the loop
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._environment,
            )
        try:
            await serving(process, self.port, self._within)
        except BaseException as failure:
            failure.add_note(self._log.read_text()[-4000:])
            process.kill()
            process.wait()
            raise

    async def stop(self) -> None:
        await self._end(signal.SIGTERM)

    async def kill(self) -> None:
        """SIGKILL it."""
        await self._end(signal.SIGKILL)

    def freeze(self) -> None:
        """SIGSTOP it: its sockets stay open, and nobody answers."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen one go on."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None, "it does not run"
        self._process.send_signal(number)

    async def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(how)
        process.send_signal(signal.SIGCONT)
        await until(lambda: process.poll() is not None, self._within)


async def _answers(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True
