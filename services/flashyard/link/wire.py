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
from flashyard.link.engine import Engine
from flashyard.link.letter import Letter, LinkDownError, Will
from flashyard.link.tls import explain

_TICK = 1.0  # seconds between paho's looks at its keep-alive
_INBOX = 10_000  # messages a broker may push before its SUBACK
_READS = 100  # packets at most for each turn of the loop
_NOT_KNOWN = {0x86, 0x87}  # CONNACK 4 and 5 as paho tells them; brokers use one for the other


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
        self._engine = Engine(sock, client_id)
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
        wishes: Sequence[tuple[str, int]],
        keepalive: int,
        within: float,
    ) -> list[str]:
        """CONNECT, then SUBSCRIBE to (filter, QoS) pairs; return when both are acknowledged.

        Returns:
            The filters among ``wishes`` that the broker refused.

        Raises:
            LinkDownError: the broker refused the connection or one of ``filters``, or took more
                than ``within`` seconds.
        """
        engine = self._engine
        if self._address.user is not None:
            engine.username_pw_set(self._address.user, self._address.password)
        if will is not None:
            engine.will_set(*will)
        self._attach()
        try:
            async with asyncio.timeout(within):
                engine.connect(self._address.host, self._address.port, keepalive)
                [verdict] = await self._next_answer()
                if verdict.is_failure:
                    raise LinkDownError(self._refusal(verdict))
                refused = await self._subscribe([*filters, *wishes])
        except TimeoutError:
            raise LinkDownError("it accepts the connection but does not answer") from None
        needed = [name for name, _ in filters if name in refused]
        if needed:
            raise LinkDownError(f"the broker refused the subscription to {needed}")
        return refused

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
        info = self._engine.publish(letter.topic, letter.payload, letter.qos, letter.retain)
        if info.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
            return None
        if letter.qos == 0:
            self._unwritten.add(info.mid)
        return info.mid

    async def part(self, within: float) -> None:
        """Write out what waits, then DISCONNECT, so that the broker publishes no will."""
        self._engine.disconnect()
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
        self._engine.on_socket_close = self._engine.on_socket_unregister_write = None
        if self._sock.fileno() != -1:
            self._loop.remove_reader(self._sock)
            self._loop.remove_writer(self._sock)
            self._sock.close()

    async def _subscribe(self, filters: list[tuple[str, int]]) -> list[str]:
        """Return the filters that were refused."""
        if not filters:
            return []
        self._engine.subscribe(filters)
        verdicts = await self._next_answer()
        return [name for (name, _), v in zip(filters, verdicts, strict=True) if v.is_failure]

    def _attach(self) -> None:
        engine = self._engine
        engine.on_socket_open = self._readable_from_now
        engine.on_socket_close = self._readable_no_more
        engine.on_socket_register_write = self._writing_wanted
        engine.on_socket_unregister_write = self._writing_done
        engine.on_connect = self._on_connect
        engine.on_subscribe = self._on_subscribe
        engine.on_message = self._on_message
        engine.on_publish = self._on_publish
        engine.on_disconnect = self._on_disconnect
        self._look()

    def _look(self) -> None:
        self._tick = self._loop.call_later(_TICK, self._look)
        self._engine.loop_misc()

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

    def _refusal(self, verdict: ReasonCode) -> str:
        reason = f"the broker refused the connection: {verdict}"
        if verdict.value not in _NOT_KNOWN:
            return reason
        if self._address.user is None:
            return f"{reason}; it wants a user and a password, and --broker has none"
        return f"{reason}; it does not know the user in --broker, or the password is another"

    def _may_lack_certificate(self, failure: OSError | None) -> bool:
        # A server on asyncio sends no TLS alert to one whose certificate it misses: it hangs up.
        is_secure = isinstance(self._sock, ssl.SSLSocket)
        return is_secure and not self._answered and not isinstance(failure, ssl.SSLError)

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

    def _readable_from_now(self, _engine: Client, _data: Any, sock: Any) -> None:
        self._loop.add_reader(sock, self._read)

    def _read(self) -> None:
        if self._rest is not None:
            self._rest.cancel()
        for _ in range(_READS):
            self._engine.loop_read()
            # One TLS record holds many packets, and the selector knows only what the kernel has.
            if not (isinstance(self._sock, ssl.SSLSocket) and self._sock.pending()):
                return
        self._rest = self._loop.call_soon(self._read)

    def _readable_no_more(self, _engine: Client, _data: Any, sock: Any) -> None:
        self._loop.remove_reader(sock)

    def _writing_wanted(self, engine: Client, _data: Any, sock: Any) -> None:
        self._loop.add_writer(sock, engine.loop_write)

    def _writing_done(self, _engine: Client, _data: Any, sock: Any) -> None:
        self._loop.remove_writer(sock)

    def _on_connect(
        self, _engine: Client, _data: Any, _flags: Any, verdict: ReasonCode, _more: Any
    ) -> None:
        self._conclude([verdict])

    def _on_subscribe(
        self, _engine: Client, _data: Any, _mid: int, verdicts: list[ReasonCode], _more: Any
    ) -> None:
        self._conclude(verdicts)

    def _on_message(self, _engine: Client, _data: Any, message: MQTTMessage) -> None:
        if len(self._inbox) >= _INBOX:
            self._lose("the broker sends more than was asked for")
            return
        self._inbox.append(message)
        self._news.set()

    def _on_publish(
        self, _engine: Client, _data: Any, mid: int, _verdict: ReasonCode, _more: Any
    ) -> None:
        if mid in self._unwritten:
            self._unwritten.remove(mid)
        else:
            self._on_confirmed(mid)

    def _on_disconnect(
        self, _engine: Client, _data: Any, _flags: Any, reason: ReasonCode, _more: Any
    ) -> None:
        failure = self._engine.failure
        if failure is not None:
            text = explain(failure)
        else:
            text = "the connection broke" if reason.value == 0x80 else str(reason).lower()
        if self._may_lack_certificate(failure):
            text += "; it may want a client certificate, or another one (--broker-cert)"
        self._lose(text)
