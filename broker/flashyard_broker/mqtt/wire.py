"""MQTT 3.1.1 packets as bytes. What comes often is written here; the rest is amqtt's codec.

Source: MQTT 3.1.1 (OASIS), sections 1.5, 2 and 3. It knows no session and no topic's meaning.
"""

from __future__ import annotations

import struct
from collections.abc import Coroutine
from typing import Any, TypeVar

from amqtt.adapters import BufferReader
from amqtt.errors import AMQTTError, CodecError, MQTTError, NoDataError
from amqtt.mqtt import packet_class
from amqtt.mqtt.connect import ConnectPacket
from amqtt.mqtt.packet import MQTTFixedHeader

from flashyard_broker.filters import is_bearable, is_text

CONNECT, CONNACK, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP = range(1, 8)
SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK, PINGREQ, PINGRESP, DISCONNECT = range(8, 15)
PING, PONG, GOODBYE = (bytes([kind << 4, 0]) for kind in (PINGREQ, PINGRESP, DISCONNECT))

_ACKNOWLEDGEMENT = struct.Struct(">BBH")
_UNREADABLE = (MQTTError, AMQTTError, CodecError, NoDataError, ValueError, struct.error)

T = TypeVar("T")


class MalformedPacketError(Exception):
    """A packet against the specification; the connection it came by has to be closed (4.8)."""


def at_once(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that has nothing to wait for, without a task.

    amqtt's codec and events are coroutines by their signature alone, once the bytes are there.
    """
    try:
        coroutine.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    coroutine.close()
    raise RuntimeError("it had something to wait for")


def remaining_length(data: bytes, at: int) -> tuple[int, int] | None:
    """Read the remaining length (2.2.3) at an index.

    Returns:
        The length and the index behind it; None while not all of its bytes are there.

    Raises:
        MalformedPacketError: it has more than four bytes.
    """
    length = 0
    for place in range(4):
        if at + place >= len(data):
            return None
        digit = data[at + place]
        length |= (digit & 127) << 7 * place
        if digit < 128:
            return length, at + place + 1
    raise MalformedPacketError("a remaining length of more than four bytes (2.2.3)")


def _length(length: int) -> bytes:
    if length < 128:
        return bytes((length,))
    if length < 16_384:
        return bytes((length & 127 | 128, length >> 7))
    return bytes((length & 127 | 128, length >> 7 & 127 | 128)) + _length(length >> 14)


def publish(
    field: bytes, payload: bytes, qos: int, packet_id: int, *, retain: bool, dup: bool = False
) -> bytes:
    """Write a PUBLISH (3.3). ``field`` is the topic as it stands in a packet, length first."""
    first = 0x30 | dup << 3 | qos << 1 | retain
    if not qos:
        return b"".join((bytes((first,)), _length(len(field) + len(payload)), field, payload))
    length = _length(len(field) + 2 + len(payload))
    return b"".join((bytes((first,)), length, field, packet_id.to_bytes(2), payload))


def acknowledgement(kind: int, packet_id: int) -> bytes:
    """Write a PUBACK, PUBREC, PUBREL, PUBCOMP or UNSUBACK."""
    return _ACKNOWLEDGEMENT.pack(kind << 4 | (2 if kind == PUBREL else 0), 2, packet_id)


def suback(packet_id: int, codes: list[int]) -> bytes:
    """Write a SUBACK (3.9)."""
    return b"".join(
        (bytes((SUBACK << 4,)), _length(2 + len(codes)), packet_id.to_bytes(2), bytes(codes))
    )


def connack(code: int, *, session_present: bool = False) -> bytes:
    """Write a CONNACK (3.2)."""
    return bytes((CONNACK << 4, 2, session_present, code))


def field_of(topic: str) -> bytes:
    """Write a topic as it stands in a packet: two bytes of length, UTF-8."""
    encoded = topic.encode()
    return len(encoded).to_bytes(2) + encoded


def topic_of(field: bytes) -> str:
    """Read a PUBLISH's topic (3.3.2.1).

    Raises:
        MalformedPacketError: it is empty, no UTF-8, holds a null or a wildcard, or is not bearable.
    """
    try:
        topic = field[2:].decode()
    except UnicodeDecodeError as error:
        raise MalformedPacketError("a topic that is no UTF-8 (1.5.3)") from error
    if not is_text(topic):
        raise MalformedPacketError("a topic that is empty or holds a null (4.7.3)")
    if not is_bearable(topic):
        raise MalformedPacketError("a topic of too many levels, or too long a one")
    if "#" in topic or "+" in topic:
        raise MalformedPacketError("a PUBLISH to a wildcard (3.3.2.1)")
    return topic


def decode(frame: bytes) -> Any:
    """Read a whole packet with amqtt's codec into amqtt's class for its type.

    amqtt makes something of nearly everything; what it read must be what it would write.

    Raises:
        MalformedPacketError: it is not.
    """
    found = remaining_length(frame, 1)
    if found is not None:  # with as few bytes as the length needs, as the codec would write it
        length, body = found
        frame = frame[:1] + _length(length) + frame[body:]
    reader = BufferReader(frame)
    try:
        header = at_once(MQTTFixedHeader.from_stream(reader))
        if header is None:
            raise MalformedPacketError("no packet")
        packet = at_once(packet_class(header).from_stream(reader, fixed_header=header))
        if isinstance(packet, ConnectPacket) and packet.client_id_is_random:
            packet.client_id = ""
        again = packet.to_bytes()
    except _UNREADABLE as error:
        raise MalformedPacketError(f"an unreadable packet: {error}") from error
    if again != frame:
        raise MalformedPacketError("a packet that is not what its length and flags say (2.2, 3)")
    return packet
