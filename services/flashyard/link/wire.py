"""One connection to a broker, from its socket to its loss: paho served on the event loop.

Source: MQTT 3.1.1 (OASIS). It neither reconnects nor judges what passes over it.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.reasoncodes import ReasonCode

from flashyard.link.address import Address
from flashyard.link.client import SocketClient
from flashyard.link.letter import Letter, LinkDownError, Will
from flashyard.link.reasons import of_loss, of_refusal

_TICK = 1.0  # seconds between paho's looks at its keep-alive
_INBOX = 10_000  # messages a broker may push before its SUBACK
_READS = 100  # packets at most for each turn of the loop


class Wire:
    """One MQTT connection over a connected socket: `greet`, then `send` and `receive`.

    ``on_confirmed`` gets the packet id of each QoS 1 message the broker acknowledged.
    ``max_unwritten`` bounds the QoS 0 messages that wait for the socket to take them.
    """

    def __init__(
        self,
        sock: socket.socket,
        address: Address,
        client_id: str,
        on_confirmed: Callable[[int], None],
        max_unwritten: int,
    ) -> None:
        self._sock = sock
        self._address = address
        self._client = SocketClient(sock, client_id)
        self._on_confirmed = on_confirmed
        self._max_unwritten = max_unwritten
        self._unwritten: set[int] = set()
        self._inbox: deque[MQTTMessage] = deque()
        self._news = asyncio.Event()
        self._lost: str | None = None
        self._answer: asyncio.Future[Sequence[ReasonCode]] | None = None
        self._loop = asyncio.get_running_loop()
        self._tick: asyncio.TimerHandle | None = None
        self._rest: asyncio.Handle | None = None
        self._answered = False

    async def greet(
        self,
        will: Will | None,
        filters: Sequence[tuple[str, int]],
        keepalive: int,
        within: float,
    ) -> list[str]:
        """CONNECT, then SUBSCRIBE to (filter, QoS) pairs; return when both are acknowledged.

        Returns:
            The filters that the broker refused.

        Raises:
            LinkDownError: the broker refused the connection, or took more than ``within`` seconds.
        """
        client = self._client
        if self._address.user is not None:
            client.username_pw_set(self._address.user, self._address.password)
        if will is not None:
            client.will_set(*will)
        self._attach()
        try:
            async with asyncio.timeout(within):
                client.connect(self._address.host, self._address.port, keepalive)
                [verdict] = await self._next_answer()
                if verdict.is_failure:
                    raise LinkDownError(of_refusal(verdict, self._address))
                return await self._subscribe(filters)
        except TimeoutError:
            raise LinkDownError("it accepts the connection but does not answer") from None

    async def receive(self) -> list[MQTTMessage]:
        """Wait for messages and return those that have come, in order.

        Raises:
            LinkDownError: the connection is lost, and all that came before was returned.
        """
        if not self._inbox and self._lost is None:
            await self._news.wait()
        self._news.clear()
        if not self._inbox and self._lost is not None:
            raise LinkDownError(self._lost)
        messages = list(self._inbox)
        self._inbox.clear()
        return messages

    def send(self, letter: Letter) -> int | None:
        """Hand over a message; return its packet id, or None where it is not taken."""
        if letter.qos == 0 and len(self._unwritten) >= self._max_unwritten:
            return None
        info = self._client.publish(letter.topic, letter.payload, letter.qos, letter.retain)
        if info.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
            return None
        if letter.qos == 0:
            self._unwritten.add(info.mid)
        return info.mid

    async def part(self, within: float) -> None:
        """Write out what waits, then DISCONNECT, so that the broker publishes no will."""
        self._client.disconnect()
        try:
            async with asyncio.timeout(within):
                while self._lost is None:
                    await self.receive()
        except (TimeoutError, LinkDownError):
            return  # either way there is no more to be said

    def cut(self) -> None:
        """Close the socket at once, whatever state the connection is in."""
        self._lose("closed by this side")
        # paho closes only sockets it lost itself; its destructor must not tell us of this one.
        self._client.on_socket_close = self._client.on_socket_unregister_write = None
        if self._sock.fileno() != -1:
            self._loop.remove_reader(self._sock)
            self._loop.remove_writer(self._sock)
            self._sock.close()

    async def _subscribe(self, filters: Sequence[tuple[str, int]]) -> list[str]:
        """Return the filters that were refused."""
        if not filters:
            return []
        self._client.subscribe(list(filters))
        verdicts = await self._next_answer()
        return [name for (name, _), v in zip(filters, verdicts, strict=True) if v.is_failure]

    def _attach(self) -> None:
        client = self._client
        client.on_socket_open = self._readable_from_now
        client.on_socket_close = self._readable_no_more
        client.on_socket_register_write = self._writing_wanted
        client.on_socket_unregister_write = self._writing_done
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        client.on_publish = self._on_publish
        client.on_disconnect = self._on_disconnect
        self._look()

    def _look(self) -> None:
        self._tick = self._loop.call_later(_TICK, self._look)
        self._client.loop_misc()

    def _lose(self, reason: str) -> None:
        if self._lost is not None:
            return
        self._lost = reason
        self._news.set()
        for due in (self._tick, self._rest):
            if due is not None:
                due.cancel()
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(LinkDownError(reason))

    async def _next_answer(self) -> Sequence[ReasonCode]:
        if self._lost is not None:
            raise LinkDownError(self._lost)
        self._answer = self._loop.create_future()
        return await self._answer

    def _conclude(self, verdicts: Sequence[ReasonCode]) -> None:
        self._answered = True
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(verdicts)

    # What paho calls, always in the loop's thread: none of it calls back into paho or the user.

    def _readable_from_now(self, _client: Client, _data: Any, sock: Any) -> None:
        self._loop.add_reader(sock, self._read)

    def _read(self) -> None:
        if self._rest is not None:
            self._rest.cancel()
        for _ in range(_READS):
            self._client.loop_read()
            # One TLS record holds many packets, and the selector knows only what the kernel has.
            if not (isinstance(self._sock, ssl.SSLSocket) and self._sock.pending()):
                return
        self._rest = self._loop.call_soon(self._read)

    def _readable_no_more(self, _client: Client, _data: Any, sock: Any) -> None:
        self._loop.remove_reader(sock)

    def _writing_wanted(self, client: Client, _data: Any, sock: Any) -> None:
        self._loop.add_writer(sock, client.loop_write)

    def _writing_done(self, _client: Client, _data: Any, sock: Any) -> None:
        self._loop.remove_writer(sock)

    def _on_connect(
        self, _client: Client, _data: Any, _flags: Any, verdict: ReasonCode, _more: Any
    ) -> None:
        self._conclude([verdict])

    def _on_subscribe(
        self, _client: Client, _data: Any, _mid: int, verdicts: list[ReasonCode], _more: Any
    ) -> None:
        self._conclude(verdicts)

    def _on_message(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        if len(self._inbox) >= _INBOX:
            self._lose("the broker sends more than was asked for")
            return
        self._inbox.append(message)
        self._news.set()

    def _on_publish(
        self, _client: Client, _data: Any, mid: int, _verdict: ReasonCode, _more: Any
    ) -> None:
        if mid in self._unwritten:
            self._unwritten.remove(mid)
        else:
            self._on_confirmed(mid)

    def _on_disconnect(
        self, _client: Client, _data: Any, _flags: Any, reason: ReasonCode, _more: Any
    ) -> None:
        failure = self._client.failure
        self._lose(of_loss(reason, failure, self._address, answered=self._answered))
