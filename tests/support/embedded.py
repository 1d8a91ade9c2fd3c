"""The embedded broker: in the test's own loop, or in a process of its own.

The process is `python -m support.embedded PORT [CREDENTIALS]`.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

from flashyard.endpoint import Endpoint
from flashyard_broker.server import EmbeddedBroker
from support.broker_process import Broker, BrokerProcess, free_port, python


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


def embedded_process(directory: Path, credentials: Path | None = None) -> BrokerProcess:
    """The embedded broker in a process of its own, not started yet."""
    port = free_port()
    words = [str(port)] if credentials is None else [str(port), str(credentials)]
    command, environment = python("support.embedded", *words)
    return BrokerProcess(port, command, directory / f"embedded-{port}.log", environment=environment)


async def _serve(port: int, credentials: Path | None) -> None:
    asked = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, asked.set)
    async with EmbeddedBroker([Endpoint("127.0.0.1", port)], credentials=credentials):
        await asked.wait()


def main(port: str, credentials: str | None = None) -> None:
    """Serve until SIGTERM."""
    asyncio.run(_serve(int(port), None if credentials is None else Path(credentials)))


if __name__ == "__main__":
    main(*sys.argv[1:])
