"""A connected client: what its packets ask for, in the order they came, without a task for each.

Source: MQTT 3.1.1, section 3. It replaces amqtt's protocol object, which reads through queues,
futures and four waiting tasks a client; what amqtt's broker and plugins call of it is kept.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from amqtt.events import MQTTEvents
from amqtt.mqtt.protocol.broker_handler import BrokerProtocolHandler
from amqtt.session import OutgoingApplicationMessage

from flashyard_broker.counters import Cut, Refused
from flashyard_broker.filters import is_text
from flashyard_broker.mqtt import wire
from flashyard_broker.mqtt.admission import read_connect
from flashyard_broker.mqtt.incoming import Incoming

if TYPE_CHECKING:
    from flashyard_broker.mqtt.connection import Connection
    from flashyard_broker.mqtt.session import ClientSession

_DECISION = 10.0  # seconds for plugins to decide something
_REFUSED = 0x80
_ACKNOWLEDGEMENTS = {wire.PUBACK, wire.PUBREC, wire.PUBREL, wire.PUBCOMP}

_Work = Callable[..., Coroutine[Any, Any, None]]

_log = logging.getLogger(__name__)


class Client(BrokerProtocolHandler):
    """One client of the broker. ``session`` is None until its CONNECT is accepted."""

    session: ClientSession | None

    def __init__(self, connection: Connection) -> None:  # pylint: disable=super-init-not-called
        """Serve a connection.

        amqtt's own constructor is not called: it makes queues, locks and events, 5 KB a client.
        """
        self.connection = connection
        self.engine = connection.engine
        self.session = None
        self._is_new = True
        self.incoming = Incoming(self)

    # What the connection calls.

    def received(self, frame: bytes, body: int) -> None:
        """Take a whole packet; its variable header begins at index ``body``.

        Raises:
            MalformedPacketError: it is none.
        """
        if self.engine.taps.received:
            self.engine.taps.packet(MQTTEvents.PACKET_RECEIVED, frame, self.session)
        kind = frame[0] >> 4
        if self.session is None:
            if self._is_new:  # else it was let go, and what it had still sent is void
                self._connect(frame, body)
        elif kind == wire.PUBLISH:
            self.incoming.publish(self.session, frame, body)
        elif kind in _ACKNOWLEDGEMENTS:
            self._acknowledge(self.session, frame)
        elif kind == wire.SUBSCRIBE:
            self.aside(self._subscribe, self.session, frame)
        elif kind == wire.UNSUBSCRIBE:
            self._unsubscribe(self.session, frame)
        elif frame == wire.PING:
            self.connection.answer(wire.PONG)
        elif frame == wire.GOODBYE:
            self._end(self.session, will=False)
            self.connection.close()
        else:
            raise wire.MalformedPacketError(f"a packet of type {kind} from a client (2.2.1)")

    def writable(self) -> None:
        """Go on with what waits for the client."""
        if self.session is not None:
            self.session.outgoing.pump(self.connection)

    def malformed(self, reason: str) -> None:
        """End a client that broke the protocol (4.8)."""
        # Not louder: anybody can send anything, as often as they like. It is counted.
        _log.debug("%s broke the protocol: %s", self.connection.peer, reason)
        if self.session is not None:
            self.cut(Cut.PROTOCOL)
        elif not self.connection.is_closing:
            self.refuse(Refused.MALFORMED)

    def lost(self) -> None:
        """Note that the connection is gone; without a DISCONNECT the will goes out (3.1.2.5)."""
        if self.session is not None:
            self._end(self.session, will=True)

    # What the engine calls.

    def refuse(self, reason: Refused, code: int | None = None) -> None:
        """Turn away a client that is not accepted yet, with a CONNACK where there is a code."""
        self.connection.counters.refused[reason] += 1
        if code is None:
            self.connection.abort()
        else:
            self.connection.send(wire.connack(code))
            self.connection.close()

    def cut(self, reason: Cut) -> None:
        """End an accepted client at once; its will is published."""
        if self.session is None:
            return
        self.connection.counters.cut[reason] += 1
        if self.engine.told.is_news((self.session.client_id, reason)):
            _log.info("cut off %r: %s", str(self.session.client_id), reason)
        self._end(self.session, will=True)
        self.connection.abort()

    # What amqtt calls.

    async def stop(self) -> None:
        """Close the connection; no will is published.

        amqtt waits here for the client's tasks, of which there are none (saves them).
        """
        if self.session is not None:
            self._end(self.session, will=False)
        self.connection.close()

    async def mqtt_publish(
        self,
        topic: str,
        data: bytes | bytearray,
        qos: int | None,
        retain: bool,  # noqa: FBT001 - amqtt's signature
        ack_timeout: int | None = None,  # noqa: ARG002 - nothing here waits for it
    ) -> OutgoingApplicationMessage:
        """Tell the client something, for a plugin, without waiting for it (D8; 4.3)."""
        if self.session is not None:
            message = (wire.field_of(topic), bytes(data), qos or 0, retain)
            self.engine.delivery.hand(self.session, message)
        return OutgoingApplicationMessage(None, topic, qos, data, retain)

    # CONNECT, SUBSCRIBE and first publishes ask plugins, which may take their time.

    def aside(self, work: _Work, *on_what: Any, again: bytes = b"") -> None:
        """Read no further until that is done; then begin with the packet ``again``."""
        self.connection.park(again)
        task = self.engine.start_task(self._in_time(work, *on_what), f"mqtt {self.connection.peer}")
        task.add_done_callback(self._resume)

    async def _in_time(self, work: _Work, *on_what: Any) -> None:
        try:
            async with asyncio.timeout(_DECISION):
                await work(*on_what)
        except wire.MalformedPacketError as error:
            self.malformed(str(error))

    def _resume(self, task: asyncio.Task[None]) -> None:
        failure = None if task.cancelled() else task.exception()
        if task.cancelled() or failure is not None:
            if isinstance(failure, TimeoutError):
                _log.error("plugins took too long to decide on %s", self.connection.peer)
            elif failure is not None:
                _log.error("a plugin failed %s", self.connection.peer, exc_info=failure)
            if self.session is not None:
                self._end(self.session, will=failure is not None)
                self.connection.abort()
            else:
                self.refuse(Refused.UNDECIDED)
        self.connection.unpark()

    def _connect(self, frame: bytes, body: int) -> None:
        self._is_new = False
        if frame[0] != wire.CONNECT << 4 or frame[body : body + 6] != b"\0\x04MQTT":
            raise wire.MalformedPacketError("no CONNECT of MQTT (3.1.2.1)")
        if len(frame) > body + 6 and frame[body + 6] != 4:
            self.refuse(Refused.VERSION, code=1)
            return
        if not self.engine.connections.ask(self.connection):
            self.refuse(Refused.FULL, code=3)
            return
        newcomer = read_connect(frame, self.connection)
        if newcomer is None:
            self.refuse(Refused.CLIENT_ID, code=2)
            return
        self.aside(self.engine.admit, newcomer, self)

    def seat(self, session: ClientSession) -> None:
        """Be accepted: CONNACK, and what the session still has for its client (3.2, 4.4)."""
        self.session = session
        self.engine.connections.know(self.connection)
        session.came(self.connection)
        self.connection.send(wire.connack(0, session_present=session.parent == 1))
        session.outgoing.resend(self.connection)

    async def _subscribe(self, session: ClientSession, frame: bytes) -> None:
        packet = self._request(frame)
        packet_id, asked = packet.variable_header.packet_id, packet.payload.topics
        if frame[0] & 15 != 2 or not packet_id or not asked:
            raise wire.MalformedPacketError("a SUBSCRIBE for nothing, or with wrong flags (3.8)")
        for topic_filter, qos in asked:
            if qos > 2 or not is_text(topic_filter):
                raise wire.MalformedPacketError("a SUBSCRIBE to nothing, or at no QoS (3.8.3)")
        codes: list[int] = []
        for one in asked:
            codes.append(await self.engine.add_subscription(one, session))
            if self.session is not session:  # it was cut off meanwhile
                self.engine.tidy(session)
                return
        self.connection.answer(wire.suback(packet_id, codes))
        granted = {name: code for (name, _), code in zip(asked, codes, strict=True)}
        for topic_filter, code in granted.items():
            if code != _REFUSED:
                self.engine.delivery.tell_retained(topic_filter, code, session)

    def _request(self, frame: bytes) -> Any:
        """Read a SUBSCRIBE or UNSUBSCRIBE, of which a large one would keep all others waiting."""
        if len(frame) > self.engine.limits.request_size // 2:
            raise wire.MalformedPacketError(f"a request of {len(frame)} bytes")
        packet = wire.decode(frame)
        if len(packet.payload.topics) > self.engine.limits.subscriptions:
            raise wire.MalformedPacketError(f"a request for {len(packet.payload.topics)} filters")
        return packet

    def _unsubscribe(self, session: ClientSession, frame: bytes) -> None:
        packet = self._request(frame)
        packet_id, filters = packet.variable_header.packet_id, packet.payload.topics
        if frame[0] & 15 != 2 or not packet_id or not filters or not all(map(is_text, filters)):
            raise wire.MalformedPacketError("an UNSUBSCRIBE from nothing (3.10)")
        for topic_filter in filters:
            self.engine.remove_subscription(topic_filter, session)
        self.connection.answer(wire.acknowledgement(wire.UNSUBACK, packet_id))

    def _acknowledge(self, session: ClientSession, frame: bytes) -> None:
        kind, packet_id = frame[0] >> 4, int.from_bytes(frame[2:])
        if len(frame) != 4 or frame[0] & 15 != (2 if kind == wire.PUBREL else 0):
            raise wire.MalformedPacketError("an acknowledgement of the wrong size or flags (3.4)")
        if kind in {wire.PUBACK, wire.PUBCOMP}:
            session.outgoing.acknowledged(packet_id, self.connection)
        elif kind == wire.PUBREC:
            session.outgoing.received(packet_id, self.connection)
        else:
            self.incoming.release(session, packet_id)

    def _end(self, session: ClientSession, *, will: bool) -> None:
        self.session = None
        session.left()
        self.engine.leave(session, will=will)
