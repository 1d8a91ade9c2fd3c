"""Brokers that ask for credentials: ours, and Mosquitto with the files that we make for it.

The fixture `guarded` runs a test once against each; `ours` against the embedded one alone, for
what Mosquitto cannot keep to (docs/access.md).
"""

from __future__ import annotations

import asyncio
import os
import signal
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from flashyard.endpoint import Endpoint
from flashyard_broker.access import Role
from flashyard_broker.identities.credential_file import CredentialFile
from flashyard_broker.identities.mosquitto import LISTENER, PORT, export
from flashyard_broker.server import EmbeddedBroker
from support.broker_process import SHIPPED, BrokerProcess, free_port, program
from support.raw_mqtt import CONNACK, RawMqtt, client, connect, dialled


class Guarded(ABC):
    """A broker at which only those with a credential are let in. ``port``: on loopback."""

    def __init__(self, directory: Path) -> None:
        self.file = CredentialFile(directory / "credentials.json")
        self.port = free_port()
        self.secrets = {
            name: self.file.add(role, name)
            for role, name in (
                (Role.HUB, "bench-a"),
                (Role.HUB, "bench-b"),
                (Role.BRIDGE, "office"),
                (Role.BRIDGE, "backup"),
                (Role.VIEWER, "wall"),
            )
        }

    def client(
        self, name: str, client_id: str | None = None, *, clean: bool = True
    ) -> AbstractAsyncContextManager[RawMqtt]:
        """Connect as somebody who is let in."""
        return client(
            self.port, client_id or name, clean=clean, user=name, password=self.secrets[name]
        )

    async def answer(self, client_id: str, user: str | None = None, secret: str = "") -> int:
        """Return the code that answers a CONNECT."""
        async with dialled(self.port) as raw:
            password = None if user is None else secret
            await raw.send(connect(client_id, user=user, password=password))
            return (await raw.expect(CONNACK)).body[1]

    async def welcomes(self, name: str, secret: str, within: float = 10.0) -> None:
        """Wait until it has noticed that somebody is let in now."""
        async with asyncio.timeout(within):
            while True:
                if await self.answer(name, name, secret) == 0:
                    return
                await asyncio.sleep(0.05)

    @abstractmethod
    async def start(self) -> None:
        """Start, and return when it serves."""

    @abstractmethod
    async def stop(self) -> None:
        """Stop in order."""

    @abstractmethod
    def notice(self) -> None:
        """Have it see that the credentials changed, if it does not look by itself."""


class Ours(Guarded):
    """The embedded broker, listening everywhere, in the test's own loop."""

    async def start(self) -> None:
        self.broker = EmbeddedBroker(
            [Endpoint("0.0.0.0", self.port), Endpoint("127.0.0.1", 0)], credentials=self.file.path
        )
        await self.broker.__aenter__()

    async def stop(self) -> None:
        await self.broker.__aexit__(None, None, None)

    def notice(self) -> None:
        """It looks once a second."""


class _Mosquitto(BrokerProcess):
    def look(self) -> None:
        """Have it read its files again."""
        self._signal(signal.SIGHUP)


class GuardedMosquitto(Guarded):
    """Mosquitto with its shipped settings and the exported ones, without their TLS.

    ``more``: lines for the exported listener.
    """

    def __init__(self, directory: Path, more: str = "") -> None:
        super().__init__(directory)
        self._more = more
        self._files = directory / "exported"
        settings = directory / "mosquitto.conf"
        lines = (SHIPPED / "mosquitto.conf").read_text().replace("r 1883 ", f"r {free_port()} ")
        lines = lines.replace("#include_dir /etc/mosquitto/flashyard", f"include_dir {self._files}")
        assert str(self._files) in lines
        # Else it gives root away, and then cannot read the files of the one who runs the tests.
        settings.write_text(lines + ("\nuser root\n" if os.geteuid() == 0 else ""))
        command = [program("mosquitto", "mosquitto"), "-c", str(settings)]
        self._process = _Mosquitto(self.port, command, directory / "mosquitto.log")

    async def start(self) -> None:
        self._export()
        await self._process.start()

    async def stop(self) -> None:
        await self._process.stop()

    def notice(self) -> None:
        self._export()
        self._process.look()

    def _export(self) -> None:
        export(self.file.read(), self._files)
        lines = (self._files / LISTENER).read_text().splitlines()
        kept = [line for line in lines if not line.startswith(("certfile ", "keyfile "))]
        assert len(kept) == len(lines) - 2
        text = "\n".join(kept).replace(f"listener {PORT}", f"listener {self.port} 127.0.0.1")
        (self._files / LISTENER).write_text(f"{text}\n{self._more}\n")


@pytest.fixture(params=[Ours, GuardedMosquitto])
async def guarded(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Guarded]:
    """A broker that serves: once ours, once Mosquitto."""
    broker: Guarded = request.param(tmp_path)
    await broker.start()
    yield broker
    await broker.stop()


@pytest.fixture
async def ours(tmp_path: Path) -> AsyncIterator[Ours]:
    """The embedded broker."""
    broker = Ours(tmp_path)
    await broker.start()
    yield broker
    await broker.stop()
