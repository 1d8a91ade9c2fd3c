"""TLS before MQTT: a socket becomes a connection once its handshake is done, or is refused.

asyncio's own listeners tell nobody of a handshake that failed, and know no bound for those that
are open, of which each weighs more than a client. Source: RFC 8446, 4 and 6.2.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable
from functools import partial
from typing import cast

from flashyard_broker.counters import Refused
from flashyard_broker.mqtt.connection import Connection
from flashyard_broker.mqtt.engine import Engine
from flashyard_broker.told import Told

_log = logging.getLogger(__name__)


class Handshakes:
    """The handshakes that are open, at most as many as there may be strangers."""

    def __init__(self, engine: Engine, context: ssl.SSLContext) -> None:
        self._engine = engine
        self._context = context
        self._open: dict[asyncio.Task[None], str] = {}  # with the other's address; the oldest first
        self._told = Told()
        self._is_over = False

    def expect(self, *, anonymous: bool) -> asyncio.Protocol:
        """Make what takes a new socket; its client may be ``anonymous`` if its listener lets it."""
        return _Arrival(partial(self._begin, anonymous=anonymous))

    def _begin(self, arrival: _Arrival, transport: asyncio.Transport, *, anonymous: bool) -> None:
        if self._is_over:
            transport.abort()
            return
        address = str((transport.get_extra_info("peername") or ("nowhere",))[0])
        task = asyncio.create_task(
            self._shake(arrival, transport, address, anonymous=anonymous), name=f"tls {address}"
        )
        self._open[task] = address
        task.add_done_callback(lambda done: self._open.pop(done, None))
        if len(self._open) > self._engine.limits.strangers:
            oldest = next(iter(self._open))
            self._refuse(self._open.pop(oldest), "too slow, while others came")
            oldest.cancel()

    async def _shake(
        self, arrival: _Arrival, transport: asyncio.Transport, address: str, *, anonymous: bool
    ) -> None:
        loop = asyncio.get_running_loop()
        came = loop.time()
        try:
            secured = await loop.start_tls(
                transport,
                arrival,
                self._context,
                server_side=True,
                ssl_handshake_timeout=self._engine.limits.connect_timeout,
            )
        except OSError as error:
            self._refuse(address, _reason(error))
            return
        except asyncio.CancelledError:
            transport.abort()
            raise
        if secured is None:  # the socket was closed from this side
            return
        connection = Connection(self._engine, anonymous=anonymous)
        secured.set_protocol(connection)
        connection.connection_made(secured)
        connection.made = came
        if arrival.early:
            connection.data_received(bytes(arrival.early))

    def _refuse(self, address: str, reason: str) -> None:
        counters = self._engine.counters
        counters.connections += 1  # the others are counted when they are connections
        counters.refused[Refused.TLS] += 1
        if self._told.is_news(address):
            _log.warning("refused %s in the TLS handshake: %s", address, reason)

    async def close(self) -> None:
        """End them all, and begin none any more."""
        self._is_over = True
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)


class _Arrival(asyncio.Protocol):
    """A new socket, not read until its handshake begins.

    ``early``: what came in the same read as the handshake's end. There can be no more of it.
    """

    def __init__(self, begin: Callable[[_Arrival, asyncio.Transport], None]) -> None:
        self._begin = begin
        self.early = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin the handshake."""
        socket = cast("asyncio.Transport", transport)
        socket.pause_reading()
        self._begin(self, socket)

    def data_received(self, data: bytes) -> None:
        """Keep it for the connection that is about to be made."""
        self.early += data


def _reason(error: OSError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return (error.reason or "no TLS").replace("_", " ").lower()
    return "too slow" if isinstance(error, ConnectionAbortedError) else "it hung up"
