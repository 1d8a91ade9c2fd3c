"""The embedded broker: amqtt behind listeners of our own, as an async context manager.

It knows topics as little as messages: any MQTT 3.1.1 broker could stand in its place.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
import ssl
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from amqtt.contexts import BrokerConfig, ListenerConfig, ListenerType

from flashyard.contract.faults import Code, refuse
from flashyard.endpoint import Endpoint
from flashyard_broker.counters import Counters, Holdings
from flashyard_broker.identities.credential_file import CredentialFile
from flashyard_broker.identities.plugin import AccessPlugin
from flashyard_broker.limits import Limits
from flashyard_broker.mqtt.connection import Connection
from flashyard_broker.mqtt.engine import Engine
from flashyard_broker.mqtt.handshakes import Handshakes

_SHUTDOWN = 10.0  # seconds for amqtt to end its sessions, and for the connections to close
_NO_IPV6 = {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}
_QUEUE = 1_000  # connections the system may hold for us: a yard's hubs come back all at once
_AT_ONCE = 16  # that are accepted in one go; asyncio logs a line for each of them where it cannot
_LOOK = 1.0  # seconds between looks at the credentials
_ACCESS = f"{AccessPlugin.__module__}.{AccessPlugin.__name__}"
_log = logging.getLogger(__name__)
_ANONYMOUS = "amqtt.plugins.authentication.AnonymousAuthPlugin"


class EmbeddedBroker:
    """An MQTT 3.1.1 broker in this event loop.

    Clients without a credential are let in on loopback listeners alone. It keeps nothing on disk:
    retained messages end with it. Each ``async with`` starts afresh, and may listen on the port
    that the one before has just left.
    """

    def __init__(
        self,
        listen: Sequence[Endpoint] = (Endpoint("127.0.0.1", 1883),),
        *,
        credentials: Path | None = None,
        tls: ssl.SSLContext | None = None,
        limits: Limits | None = None,
    ) -> None:
        """Describe a broker; nothing is opened yet.

        Args:
            listen: where to; port 0 picks a free one.
            credentials: the file of the identities that are let in; changes of it are followed.
            tls: with this context all listeners speak TLS.
            limits: how much of everything it bears.
        """
        self._listen = tuple(listen)
        self._credentials = credentials
        self._tls = tls
        self._limits = limits or Limits()
        self._servers: list[asyncio.Server] = []
        self._watch: asyncio.Task[None] | None = None
        self._engine: Engine
        self._handshakes: Handshakes | None = None

    @property
    def addresses(self) -> tuple[Endpoint, ...]:
        """Where it listens, with the actual ports, in the order asked for."""
        return tuple(
            Endpoint(*sock.getsockname()[:2]) for server in self._servers for sock in server.sockets
        )

    @property
    def counters(self) -> Counters:
        """What it counted since it started."""
        return self._engine.counters

    def holdings(self) -> Holdings:
        """Say what it holds now."""
        return self._engine.holdings()

    def tell(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Publish at QoS 0 in the broker's own name; below `$` nobody else can."""
        self._engine.tell(topic, payload, retain=retain)

    async def __aenter__(self) -> Self:
        """Listen and serve.

        Raises:
            FaultError: `invalid_request` where an address beyond this machine has no credentials,
                before any is opened, where the credentials cannot be read, or the system refuses
                an address; `port_in_use`.
        """
        _refuse_strangers(self._listen, self._credentials)
        if self._credentials is not None:
            CredentialFile(self._credentials).read()  # amqtt hides why its plugin cannot start
        # They log every packet, every change of state, and a traceback for each client that goes.
        for name in ("amqtt", "transitions"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self._engine = Engine(_configuration(self._credentials), self._limits)
        if self._tls is not None:
            self._handshakes = Handshakes(self._engine, self._tls)
        async with AsyncExitStack() as undo:
            await self._engine.start()
            undo.push_async_callback(self._stop)
            if self._credentials is not None:
                self._watch = asyncio.create_task(self._follow_credentials(), name="credentials")
                self._watch.add_done_callback(_report)
            for endpoint in self._listen:
                for host in endpoint.hosts:
                    await self._open(host, endpoint)
            undo.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stop()

    async def _open(self, host: str, endpoint: Endpoint) -> None:
        may_be_anonymous = endpoint.is_loopback
        arrive: Callable[[], asyncio.Protocol]
        if self._handshakes is None:
            arrive = partial(Connection, self._engine, anonymous=may_be_anonymous)
        else:
            arrive = partial(self._handshakes.expect, anonymous=may_be_anonymous)
        try:
            server = await asyncio.get_running_loop().create_server(
                arrive, host, endpoint.port, backlog=_AT_ONCE
            )
        except OSError as error:
            if host == "::1" and not endpoint.host and error.errno in _NO_IPV6:
                return  # this machine has one loopback only
            code = Code.PORT_IN_USE if error.errno == errno.EADDRINUSE else Code.INVALID_REQUEST
            raise refuse(
                code, f"The broker cannot listen on {endpoint}.", details=error.strerror
            ) from error
        self._servers.append(server)
        for each in server.sockets:  # asyncio has one number for both
            with socket.fromfd(each.fileno(), each.family, each.type) as same:
                same.listen(_QUEUE)

    async def _stop(self) -> None:
        for server in self._servers:
            server.close()
        self._servers.clear()
        if self._handshakes is not None:
            await self._handshakes.close()
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.wait({self._watch})
            self._watch = None
        async with asyncio.timeout(_SHUTDOWN):
            await self._engine.shutdown()

    async def _follow_credentials(self) -> None:
        """Let nobody stay whose credential was taken away, nor wait who was given one."""
        plugins = self._engine.plugins_manager.plugins
        [credentials] = [each.credentials for each in plugins if isinstance(each, AccessPlugin)]
        while True:
            await asyncio.sleep(_LOOK)
            if credentials.changed():
                self._engine.expel(credentials.reload())


def _report(watch: asyncio.Task[None]) -> None:
    if not watch.cancelled() and (defect := watch.exception()) is not None:
        _log.critical("a revoked credential is followed no more: restart", exc_info=defect)


def _configuration(credentials: Path | None) -> BrokerConfig:
    # The plugins are named in full: without a list amqtt loads packet loggers and a publisher of
    # its own on `$SYS`. Its listeners are ours.
    plugins: dict[str, dict[str, Any]] = {_ANONYMOUS: {"allow_anonymous": True}}
    if credentials is not None:
        plugins = {_ACCESS: {"credentials": str(credentials)}}
    listeners = {"default": ListenerConfig(type=ListenerType.EXTERNAL)}
    return BrokerConfig(listeners=listeners, plugins=plugins)


def _refuse_strangers(listen: Sequence[Endpoint], credentials: Path | None) -> None:
    for endpoint in listen:
        if not endpoint.is_loopback and credentials is None:
            raise refuse(
                Code.INVALID_REQUEST,
                f"An MQTT listener on {endpoint}, beyond this machine, needs credentials.",
                hint="Make one with `flashyard access add`, or listen on 127.0.0.1.",
            )
