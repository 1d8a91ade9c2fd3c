"""All sockets of the broker: who has not said who it is, who fell silent, and the end of all.

Source: MQTT 3.1.1, 3.1.2.10. It knows no session but the one that a client sits in.
"""

from __future__ import annotations

import asyncio

from flashyard_broker.counters import Counters, Cut, Refused
from flashyard_broker.limits import Limits
from flashyard_broker.mqtt.connection import Connection

_PATIENCE = 1.5  # of a client's keep-alive
_FAREWELL = 2.0  # seconds for a client to take what was sent to it before the end


class Connections:
    """The connections that are open. Strangers, who are not let in yet, have a bound of their own.

    amqtt gives strangers all the time there is (D11), and never looks at keep-alive (D3).
    """

    def __init__(self, limits: Limits, counters: Counters) -> None:
        self._limits = limits
        self._counters = counters
        self._silent: dict[Connection, None] = {}  # strangers that said nothing; the oldest first
        self._asking: set[Connection] = set()  # strangers that plugins decide on
        self._refused: set[Connection] = set()  # strangers that gave way, until they are gone
        self._known: set[Connection] = set()
        self._all_gone = asyncio.Event()
        self._is_over = False

    def welcome(self, connection: Connection) -> None:
        """Take a new connection; one too many takes the place of the oldest that said nothing.

        So however many come and say nothing, who does say who it is gets through.
        """
        self._counters.connections += 1
        self._all_gone.clear()
        self._silent[connection] = None
        if self._is_over:
            connection.abort()
        elif len(self._silent) > self._limits.strangers:
            oldest = next(iter(self._silent))
            del self._silent[oldest]  # several may come before it is gone
            self._refused.add(oldest)
            oldest.client.refuse(Refused.SILENT)

    def ask(self, connection: Connection) -> bool:
        """Note that a stranger said who it is; False where too many are decided on already."""
        self._silent.pop(connection, None)
        self._asking.add(connection)
        return len(self._asking) <= self._limits.strangers

    def know(self, connection: Connection) -> None:
        """Note that a connection's client was let in."""
        self._asking.discard(connection)
        self._known.add(connection)

    @property
    def is_full(self) -> bool:
        """Are there as many clients as there may be?"""
        return len(self._known) >= self._limits.clients

    def farewell(self, connection: Connection) -> None:
        """Forget a connection that is gone."""
        self._silent.pop(connection, None)
        self._asking.discard(connection)
        self._refused.discard(connection)
        self._known.discard(connection)
        if not self._all:
            self._all_gone.set()

    @property
    def _all(self) -> tuple[Connection, ...]:
        return (*self._silent, *self._asking, *self._refused, *self._known)

    def sweep(self, now: float) -> None:
        """End whom keep-alive or the time for a CONNECT ends (D3, D11)."""
        for connection in self._all:
            client, silent = connection.client, now - connection.heard
            if connection.is_closing:
                if silent > _FAREWELL:
                    connection.abort()  # it does not take its farewell
            elif client.session is None:
                if connection in self._silent and (
                    now - connection.made > self._limits.connect_timeout
                ):
                    client.refuse(Refused.SILENT)
            elif 0 < client.session.keep_alive * _PATIENCE < silent and not connection.is_parked:
                client.cut(Cut.KEEP_ALIVE)

    async def close(self) -> None:
        """Close them all, and take no more; return when they are gone, soon at any rate."""
        self._is_over = True
        for connection in self._all:
            connection.close()
        if not await self._gone():
            for connection in self._all:
                connection.abort()
            await self._gone()

    async def _gone(self) -> bool:
        try:
            async with asyncio.timeout(_FAREWELL):
                if self._all:
                    await self._all_gone.wait()
        except TimeoutError:
            return False
        return True
