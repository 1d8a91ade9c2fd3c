"""The embedded broker: amqtt behind listeners of our own, as an async context manager.

It knows topics as little as messages: any MQTT 3.1.1 broker could stand in its place.
"""

from __future__ import annotations

import asyncio
import errno
import logging
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from types import TracebackType
from typing import Self

from amqtt.adapters import StreamWriterAdapter
from amqtt.contexts import BrokerConfig, ListenerConfig, ListenerType

from flashyard.contract.faults import Code, refuse
from flashyard.endpoint import Endpoint
from flashyard_broker.engine import Engine, PatientReader

_SHUTDOWN = 10.0  # seconds for amqtt to end its sessions, and for the connections to close
_FAREWELL = 2.0  # seconds for a client that leaves to take what was sent to it
_NO_IPV6 = {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}
_LISTENER = "default"
# Named in full: without a list amqtt loads packet loggers and a $SYS publisher of its own.
_PLUGINS = {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}}


class EmbeddedBroker:
    """An MQTT 3.1.1 broker in this event loop, for anonymous clients of this machine.

    It keeps nothing on disk: retained messages end with it. Each ``async with`` starts afresh,
    and may listen on the port that the one before has just left.
    """

    def __init__(self, listen: Sequence[Endpoint] = (Endpoint("127.0.0.1", 1883),)) -> None:
        """Describe a broker; nothing is opened yet. Port 0 picks a free one."""
        self._listen = tuple(listen)
        self._servers: list[asyncio.Server] = []
        self._connections: set[asyncio.Task[None]] = set()
        self._engine: Engine

    @property
    def addresses(self) -> tuple[Endpoint, ...]:
        """Where it listens, with the actual ports, in the order asked for."""
        return tuple(
            Endpoint(*sock.getsockname()[:2]) for server in self._servers for sock in server.sockets
        )

    async def __aenter__(self) -> Self:
        """Listen and serve.

        Raises:
            FaultError: `not_supported` where an address is not loopback, before any is opened;
                `port_in_use`; `invalid_request` where the system refuses an address.
        """
        _refuse_to_be_public(self._listen)
        # They log every packet, every change of state, and a traceback for each client that goes.
        for name in ("amqtt", "transitions"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self._engine = Engine(
            BrokerConfig(
                listeners={_LISTENER: ListenerConfig(type=ListenerType.EXTERNAL)},
                plugins=dict(_PLUGINS),
            )
        )
        async with AsyncExitStack() as undo:
            await self._engine.start()
            undo.push_async_callback(self._stop)
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
        try:
            server = await asyncio.start_server(self._welcome, host, endpoint.port)
        except OSError as error:
            if host == "::1" and not endpoint.host and error.errno in _NO_IPV6:
                return  # this machine has one loopback only
            code = Code.PORT_IN_USE if error.errno == errno.EADDRINUSE else Code.INVALID_REQUEST
            raise refuse(
                code, f"The broker cannot listen on {endpoint}.", details=error.strerror
            ) from error
        self._servers.append(server)

    async def _stop(self) -> None:
        for server in self._servers:
            server.close()
        self._servers.clear()
        async with asyncio.timeout(_SHUTDOWN):
            await self._engine.shutdown()
            for task in self._connections:  # some have no session to be ended: they never said who
                task.cancel()
            await asyncio.gather(*self._connections, return_exceptions=True)

    def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(
            self._serve(reader, writer), name=f"mqtt {writer.get_extra_info('peername')}"
        )
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._engine.external_connected(
                PatientReader(reader, writer.transport), StreamWriterAdapter(writer), _LISTENER
            )
        finally:
            await _let_go(writer)


async def _let_go(writer: asyncio.StreamWriter) -> None:
    """Close a connection; a client may never read what it was sent, so not without a deadline."""
    try:
        writer.close()
        with suppress(OSError):  # TimeoutError among them
            async with asyncio.timeout(_FAREWELL):
                await writer.wait_closed()
    finally:
        writer.transport.abort()


def _refuse_to_be_public(listen: Sequence[Endpoint]) -> None:
    for endpoint in listen:
        if not endpoint.is_loopback:
            raise refuse(
                Code.NOT_SUPPORTED,
                f"An MQTT listener on {endpoint} needs broker credentials, which do not exist yet.",
                hint="Listen on a loopback address such as 127.0.0.1:1883.",
            )
