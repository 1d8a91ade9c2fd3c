"""Real brokers on free loopback ports, to be stopped and started again on the same port.

The fixture `broker` runs a test once against the embedded broker and once against Mosquitto.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import sys
from abc import ABC, abstractmethod
from asyncio.subprocess import DEVNULL, STDOUT, Process
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from flashyard.endpoint import Endpoint
from flashyard_broker.server import EmbeddedBroker

_SHIPPED = Path(__file__).parents[2] / "broker" / "mosquitto.conf"
_WITHIN = 10.0  # seconds to start or to stop


def free_port() -> int:
    """Return a loopback port that nobody listens on now."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


_EMBEDDED = """
import asyncio, signal, sys
from flashyard.endpoint import Endpoint
from flashyard_broker.server import EmbeddedBroker

async def serve(port: int) -> None:
    asked = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, asked.set)
    async with EmbeddedBroker([Endpoint("127.0.0.1", port)]):
        await asked.wait()

asyncio.run(serve(int(sys.argv[1])))
"""


class Broker(ABC):
    """A broker on one loopback port for its whole life, running or not."""

    def __init__(self, port: int) -> None:
        self.port = port

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


class EmbeddedHere(Broker):
    """The embedded broker in the test's own loop."""

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self._broker: EmbeddedBroker | None = None

    async def start(self) -> None:
        self._broker = await EmbeddedBroker([Endpoint("127.0.0.1", self.port)]).__aenter__()

    async def stop(self) -> None:
        broker, self._broker = self._broker, None
        if broker is not None:
            await broker.__aexit__(None, None, None)


class BrokerProcess(Broker):
    """A broker in a process of its own, which can also be killed; it logs to a file."""

    def __init__(self, port: int, command: list[str], log: Path) -> None:
        super().__init__(port)
        self._command = command
        self._log = log
        self._process: Process | None = None

    async def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = process = await asyncio.create_subprocess_exec(
                *self._command, stdin=DEVNULL, stdout=log, stderr=STDOUT
            )
        async with asyncio.timeout(_WITHIN):
            while not await self._answers():
                assert process.returncode is None, self._log.read_text()
                await asyncio.sleep(0.02)

    async def stop(self) -> None:
        await self._end(hard=False)

    async def kill(self) -> None:
        """SIGKILL it."""
        await self._end(hard=True)

    def freeze(self) -> None:
        """SIGSTOP it: its sockets stay open, and nobody answers."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen one go on."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None, "it does not run"
        self._process.send_signal(number)

    async def _end(self, *, hard: bool) -> None:
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        process.send_signal(signal.SIGKILL if hard else signal.SIGTERM)
        process.send_signal(signal.SIGCONT)
        async with asyncio.timeout(_WITHIN):
            await process.wait()

    async def _answers(self) -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return False
        writer.close()
        await writer.wait_closed()
        return True


def embedded_process(directory: Path) -> BrokerProcess:
    """The embedded broker in a process of its own, not started yet."""
    port = free_port()
    command = [sys.executable, "-c", _EMBEDDED, str(port)]
    return BrokerProcess(port, command, directory / f"embedded-{port}.log")


def mosquitto(directory: Path) -> BrokerProcess:
    """Mosquitto with the settings that we ship, not started yet."""
    port = free_port()
    shipped = _SHIPPED.read_text()
    assert "listener 1883 127.0.0.1\n" in shipped
    settings = directory / f"mosquitto-{port}.conf"
    settings.write_text(shipped.replace("listener 1883 ", f"listener {port} "))
    # Debian keeps it where an ordinary user's PATH does not look.
    program = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin")
    assert program is not None, "the tests need the mosquitto package"
    return BrokerProcess(port, [program, "-c", str(settings)], directory / f"mosquitto-{port}.log")


@pytest.fixture(params=["embedded", "mosquitto"])
async def broker(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Broker]:
    """A broker that serves: once ours, once Mosquitto."""
    chosen: Broker = (
        EmbeddedHere(free_port()) if request.param == "embedded" else mosquitto(tmp_path)
    )
    await chosen.start()
    yield chosen
    await chosen.stop()
