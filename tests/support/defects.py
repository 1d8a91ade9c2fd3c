"""The defects of stock amqtt 0.12.1: each test runs on it, where it must fail, and on ours.

A test sets its scene outside of `mended()`: what goes wrong there fails on either broker. Only
what is said inside is expected to be false of stock.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import pytest

from flashyard.endpoint import Endpoint
from flashyard_broker.access import Role
from flashyard_broker.identities.credential_file import CredentialFile
from flashyard_broker.limits import Limits
from flashyard_broker.server import EmbeddedBroker
from flashyard_broker.tls import server_context
from support.embedded import embedded_process
from support.raw_mqtt import RawMqtt, Will, client
from support.stock_amqtt import stock_amqtt

HUB, BRIDGE, VIEWER = "bench-a", "bridge-a", "viewer-a"
_ROLES = {HUB: Role.HUB, BRIDGE: Role.BRIDGE, VIEWER: Role.VIEWER}
_AUTHENTICATION = "amqtt.plugins.authentication"
_ACCESS_LISTS = "amqtt.plugins.topic_checking.TopicAccessControlListPlugin"


class UnmendedError(AssertionError):
    """A claim that a defect makes false is false."""


@contextmanager
def mended() -> Iterator[None]:
    """Claim what stock amqtt breaks: nothing else of a test may fail there."""
    try:
        yield
    except (AssertionError, TimeoutError, EOFError) as error:
        raise UnmendedError(f"{type(error).__name__}: {error}") from error


class MutualTls(NamedTuple):
    """Files of PEM: the broker's certificate and key, and the authority of its clients."""

    cert: Path
    key: Path
    client_ca: Path


@dataclass(frozen=True)
class Served:
    """A broker that serves. ``pid``: its process, where it has one of its own."""

    port: int
    pid: int = 0
    secrets: Mapping[str, str] = field(default_factory=dict)
    nameless: bool = True
    """Without secrets it lets in who gives no name; else it wants one, whatever it is."""
    patience: float = 10.0
    """Seconds to wait for what stock never does, and ours does at once."""

    def client(
        self,
        client_id: str,
        *,
        clean: bool = True,
        keep_alive: int = 0,
        will: Will | None = None,
    ) -> AbstractAsyncContextManager[RawMqtt]:
        """Open a connection that it has accepted; with secrets, those of this client id."""
        user = None if self.nameless else client_id
        return client(
            self.port,
            client_id,
            clean=clean,
            keep_alive=keep_alive,
            user=user,
            password=self.secrets.get(client_id),
            will=will,
        )


class Serve(Protocol):
    """Start the broker that a test runs on."""

    def __call__(
        self,
        *,
        access: Mapping[str, list[str]] | None = None,
        tls: MutualTls | None = None,
        limits: Limits | None = None,
        anonymous: bool = False,
        apart: bool = False,
    ) -> AbstractAsyncContextManager[Served]:
        """Serve while inside.

        ``access``: `HUB`, `BRIDGE` and `VIEWER` have secrets and an access plugin is asked; what
        it allows is given for stock, ours has its table. ``limits``: ours alone has any.
        ``anonymous``: stock lets in who gives no name, as ours does anyway without ``access``.
        ``apart``: in a process of its own (stock always is).
        """


def defect(number: str, says: str) -> pytest.MarkDecorator:
    """Run a test on stock amqtt, where its claim must fail, and on ours."""
    fails = pytest.mark.xfail(
        raises=UnmendedError, strict=True, reason=f"amqtt 0.12.1, {number}: {says}"
    )
    brokers = [pytest.param(_stock, id="stock", marks=fails), pytest.param(_ours, id="ours")]
    return pytest.mark.parametrize("serve", brokers, indirect=True)


@pytest.fixture
def serve(request: pytest.FixtureRequest, tmp_path: Path) -> Serve:
    """The broker that `defect` chose, still to be started."""

    def start(**how: Any) -> AbstractAsyncContextManager[Served]:
        served: AbstractAsyncContextManager[Served] = request.param(tmp_path, **how)
        return served

    return start


@asynccontextmanager
async def _stock(
    folder: Path,
    *,
    access: Mapping[str, list[str]] | None = None,
    tls: MutualTls | None = None,
    limits: Limits | None = None,  # noqa: ARG001 - it has none
    anonymous: bool = False,
    apart: bool = True,  # noqa: ARG001 - it always is
) -> AsyncIterator[Served]:
    # Any name will do. What stock does to those without one is a defect of its own.
    plugins: dict[str, Any] = {
        f"{_AUTHENTICATION}.AnonymousAuthPlugin": {"allow_anonymous": anonymous}
    }
    listener: dict[str, Any] = {}
    secrets: Mapping[str, str] = {}
    if access is not None:
        file, secrets = _credentials(folder)
        passwords = folder / "passwords"
        passwords.write_text(
            "".join(f"{name}:{known.argon2}\n" for name, known in file.read().items())
        )
        plugins = {
            f"{_AUTHENTICATION}.FileAuthPlugin": {"password_file": str(passwords)},
            _ACCESS_LISTS: {"acl": access, "publish_acl": access},
        }
    if tls is not None:
        listener = {
            "ssl": True,
            "certfile": str(tls.cert),
            "keyfile": str(tls.key),
            "cafile": str(tls.client_ca),
        }
    process = stock_amqtt(folder, plugins, listener)
    await process.start()
    try:
        yield Served(process.port, process.pid, secrets, nameless=anonymous, patience=3.0)
    finally:
        await process.kill()


@asynccontextmanager
async def _ours(
    folder: Path,
    *,
    access: Mapping[str, list[str]] | None = None,
    tls: MutualTls | None = None,
    limits: Limits | None = None,
    anonymous: bool = True,  # noqa: ARG001 - it always lets them in, of this machine
    apart: bool = False,
) -> AsyncIterator[Served]:
    if apart:
        process = embedded_process(folder)
        await process.start()
        try:
            yield Served(process.port, process.pid)
        finally:
            await process.stop()
        return
    credentials: Path | None = None
    secrets: dict[str, str] = {}
    if access is not None:
        file, secrets = _credentials(folder)
        credentials = file.path
    async with EmbeddedBroker(
        [Endpoint("127.0.0.1", 0)],
        credentials=credentials,
        tls=tls and server_context(tls.cert, tls.key, tls.client_ca),
        limits=limits,
    ) as broker:
        yield Served(broker.addresses[0].port, secrets=secrets, nameless=not secrets)


def _credentials(folder: Path) -> tuple[CredentialFile, dict[str, str]]:
    file = CredentialFile(folder / "credentials.json")
    return file, {name: file.add(role, name) for name, role in _ROLES.items()}
