"""Brokers that ask for credentials: ours, and Mosquitto with the files that we make for it.

The fixture `guarded` runs a test once against each; `ours` against the embedded one alone, for
what Mosquitto cannot keep to (docs/access.md).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from flashyard.endpoint import Endpoint
from flashyard_broker.access import Role
from flashyard_broker.identities.credential_file import CredentialFile
from flashyard_broker.identities.mosquitto import LISTENER, PORT, export
from flashyard_broker.server import EmbeddedBroker
from support.broker_process import free_port
from support.mosquitto import Mosquitto, shipped
from support.raw_mqtt import CONNACK, RawMqtt, client, connect, dialled
from support.waiting import until_told


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

        async def is_let_in() -> bool:
            return await self.answer(name, name, secret) == 0

        await until_told(is_let_in, within)

    @abstractmethod
    async def start(self) -> None:
        """Start, and return when it serves."""

    @abstractmethod
    async def stop(self) -> None:
        """Stop in order."""

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


class GuardedMosquitto(Guarded):
    """Mosquitto with its shipped settings and the exported ones, without their TLS.

    ``more``: lines for the exported listener.
    """

    def __init__(self, directory: Path, more: str = "") -> None:
        super().__init__(directory)
        self._more = more
        self._files = directory / "exported"
        asked_for = "#include_dir /etc/mosquitto/flashyard"
        lines = shipped(free_port())  # the listener without credentials, which is beside this one
        assert asked_for in lines
        settings = lines.replace(asked_for, f"include_dir {self._files}")
        self._process = Mosquitto(directory, self.port, settings)

    async def start(self) -> None:
        self._export()
        await self._process.start()

    async def stop(self) -> None:
        await self._process.stop()

    def notice(self) -> None:
        self._export()
        self._process.reload()

    def _export(self) -> None:
        if export(self.file.read(), self._files).is_kept:
            return
        lines = (self._files / LISTENER).read_text().splitlines()
        kept = [line for line in lines if not line.startswith(("certfile ", "keyfile "))]
        assert len(kept) == len(lines) - 2
        text = "\n".join(kept).replace(f"listener {PORT}", f"listener {self.port} 127.0.0.1")
        (self._files / LISTENER).write_text(f"{text}\n{self._more}\n")


@pytest.fixture(params=[Ours, GuardedMosquitto])
async def guarded(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Guarded]:
    """A broker that serves: once ours, once Mosquitto."""
    broker: Guarded = request.param(tmp_path)
    async with broker:
        yield broker


@pytest.fixture
async def ours(tmp_path: Path) -> AsyncIterator[Ours]:
    """The embedded broker."""
    async with Ours(tmp_path) as broker:
        yield broker
