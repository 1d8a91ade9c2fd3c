"""What one session is still to be told at QoS 1 and 2, and what it has not acknowledged yet.

Source: MQTT 3.1.1, 4.3, 4.4 and 4.6. It writes to a connection and never waits for it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING

from flashyard_broker.mqtt import wire

if TYPE_CHECKING:
    from flashyard_broker.limits import Limits
    from flashyard_broker.mqtt.connection import Connection

_OVERHEAD = 256  # bytes of memory that a waiting message takes beside its payload

Message = tuple[bytes, bytes, int, bool]
"""The topic as it stands in a packet, payload, QoS, retain flag."""


class Outgoing:
    """One session's messages on their way, in the order of their publishing.

    amqtt waits five seconds for an acknowledgement and then forgets the message; its queues have
    no bound (D8, D9, D12). Here a message leaves when it is acknowledged or its session ends.
    """

    __slots__ = (
        "_again", "_last_id", "_limits", "_recalled", "inflight", "inflight_bytes", "waiting",
        "waiting_bytes",
    )  # fmt: skip

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._last_id = 0
        self.inflight: dict[int, Message | None] = {}
        """Packet id -> message; None where only its PUBCOMP is awaited."""
        self.inflight_bytes = 0
        self._again: deque[int] | None = None  # packet ids to be sent again, in order
        self.waiting: deque[Message] | None = None  # made when there is one
        self.waiting_bytes = 0
        self._recalled: dict[str, Iterator[Message]] | None = None  # by filter

    def __len__(self) -> int:
        return len(self.waiting) if self.waiting else 0

    @property
    def is_over(self) -> bool:
        """Does more wait than may for a connected client?"""
        return len(self) > self._limits.queued or self.waiting_bytes > self._limits.queued_bytes

    def push(self, message: Message, connection: Connection | None) -> None:
        """Send a message, or let it wait for its turn."""
        if (
            connection is not None
            and not self.waiting
            and not self._again
            and self._has_room(connection)
        ):
            self._send(message, connection)
            return
        if self.waiting is None:
            self.waiting = deque()
        self.waiting.append(message)
        self.waiting_bytes += len(message[1]) + _OVERHEAD

    def recall(
        self, topic_filter: str, retained: Iterator[Message], connection: Connection | None
    ) -> None:
        """Send what is retained, as the client takes it, after what is live.

        The messages are read as late as possible: they cost no memory until then, and are never
        older than what the client was told meanwhile.
        """
        if self._recalled is None:
            self._recalled = {}
        self._recalled[topic_filter] = retained
        if connection is not None:
            self.pump(connection)

    def trim(self) -> int:
        """Let the oldest go that exceed what may wait while nobody is there; return how many."""
        gone = 0
        while self.waiting and (
            len(self.waiting) > self._limits.offline_queued
            or self.waiting_bytes > self._limits.offline_bytes
        ):
            self._next_waiting(self.waiting)
            gone += 1
        return gone

    def pump(self, connection: Connection) -> None:
        """Send what waits, as far as the connection and its window take it."""
        while self._again and not connection.is_stuck:
            self._send_again(self._again.popleft(), connection)
        while not self._again and self._has_room(connection):
            message = self._next()
            if message is None:
                break
            self._send(message, connection)

    def resend(self, connection: Connection) -> None:
        """Send again, after a reconnection, what was not acknowledged (4.4), then the rest."""
        self._again = deque(self.inflight)
        self.pump(connection)

    def acknowledged(self, packet_id: int, connection: Connection) -> None:
        """Take a PUBACK or PUBCOMP. One for an unknown message means nothing."""
        message = self.inflight.pop(packet_id, None)
        if message is not None:
            self.inflight_bytes -= len(message[1])
        if self.waiting or self._recalled:
            self.pump(connection)

    def received(self, packet_id: int, connection: Connection) -> None:
        """Take a PUBREC, and release the message (4.3.3)."""
        message = self.inflight.get(packet_id)
        if message is not None:
            self.inflight[packet_id] = None
            self.inflight_bytes -= len(message[1])
        connection.answer(wire.acknowledgement(wire.PUBREL, packet_id))

    def _has_room(self, connection: Connection) -> bool:
        return (
            not connection.is_stuck
            and len(self.inflight) < self._limits.inflight
            and self.inflight_bytes < self._limits.inflight_bytes
        )

    def _next(self) -> Message | None:
        if self.waiting:
            return self._next_waiting(self.waiting)
        while self._recalled:
            topic_filter, retained = next(iter(self._recalled.items()))
            message = next(retained, None)
            if message is not None:
                return message
            del self._recalled[topic_filter]
        return None

    def _next_waiting(self, waiting: deque[Message]) -> Message:
        message = waiting.popleft()
        self.waiting_bytes -= len(message[1]) + _OVERHEAD
        return message

    def _send(self, message: Message, connection: Connection) -> None:
        field, payload, qos, retain = message
        packet_id = 0
        if qos:
            packet_id = self._last_id % 65_535 + 1
            while packet_id in self.inflight:
                packet_id = packet_id % 65_535 + 1
            self._last_id = packet_id
            self.inflight[packet_id] = message
            self.inflight_bytes += len(payload)
        connection.send(wire.publish(field, payload, qos, packet_id, retain=retain))
        connection.counters.sent[qos] += 1

    def _send_again(self, packet_id: int, connection: Connection) -> None:
        if packet_id not in self.inflight:
            return  # acknowledged meanwhile
        message = self.inflight[packet_id]
        if message is None:
            connection.send(wire.acknowledgement(wire.PUBREL, packet_id))
        else:
            field, payload, qos, retain = message
            connection.send(wire.publish(field, payload, qos, packet_id, retain=retain, dup=True))
