"""MQTT 3.1.1, 1.5.3, 2.2 and 4.8: packets that no client may send, and lawful ones in pieces."""

from __future__ import annotations

import pytest

from support.brokers import Broker
from support.conversation import cut_off, embedded_only, subscribed
from support.raw_mqtt import (
    CONNACK,
    PINGRESP,
    PUBLISH,
    PUBREL,
    SUBACK,
    SUBSCRIBE,
    UNSUBACK,
    UNSUBSCRIBE,
    Received,
    client,
    packet,
    publish,
    text,
)

NOT_UTF_8 = {
    "a byte of no character": b"\xff",
    "a character cut short": b"\xe4\xb8",
    "a surrogate [MQTT-1.5.3-1]": b"\xed\xa0\x80",
    "an overlong slash": b"\xc0\xaf",
    "beyond Unicode": b"\xf4\x90\x80\x80",
    "U+0000 [MQTT-1.5.3-2]": b"a\0b",
}


@pytest.mark.parametrize("wrong", NOT_UTF_8.values(), ids=NOT_UTF_8)
async def test_text_that_is_not_utf_8_closes(broker: Broker, wrong: bytes) -> None:
    # [MQTT-1.5.3-1], [MQTT-1.5.3-2]
    assert await cut_off(broker.port, packet(PUBLISH, text(wrong) + b"x")) == []
    one = b"\0\1" + text(wrong)
    assert await cut_off(broker.port, packet(SUBSCRIBE, one + b"\0", 2)) == []
    assert await cut_off(broker.port, packet(UNSUBSCRIBE, one, 2)) == []


@pytest.mark.parametrize("kind", [0, 15])
async def test_a_packet_of_a_reserved_type_closes(broker: Broker, kind: int) -> None:
    # 2.2.1
    assert await cut_off(broker.port, packet(kind)) == []


async def test_a_client_that_accepts_the_broker_is_closed(broker: Broker) -> None:
    # 2.2.1, [MQTT-4.8.0-1]: CONNACK goes the other way
    assert await cut_off(broker.port, packet(CONNACK, b"\0\0")) == []


@embedded_only  # Mosquitto, which can be a client itself, overlooks them
@pytest.mark.parametrize(
    "wrong",
    [packet(SUBACK, b"\0\1\0"), packet(UNSUBACK, b"\0\1"), packet(PINGRESP)],
    ids=["SUBACK", "UNSUBACK", "PINGRESP"],
)
async def test_an_answer_that_only_a_broker_may_give_closes(broker: Broker, wrong: bytes) -> None:
    # 2.2.1, [MQTT-4.8.0-1]
    assert await cut_off(broker.port, wrong) == []


@pytest.mark.parametrize("flags", [0, 1, 3, 15])
async def test_a_release_with_other_flags_than_its_own_closes(broker: Broker, flags: int) -> None:
    # [MQTT-3.6.1-1]
    assert await cut_off(broker.port, packet(PUBREL, b"\0\1", flags)) == []


@pytest.mark.parametrize("kind", range(4, 8))
async def test_an_acknowledgement_without_a_packet_id_closes(broker: Broker, kind: int) -> None:
    # 2.3.1
    assert await cut_off(broker.port, packet(kind, b"\1", 2 if kind == PUBREL else 0)) == []


@pytest.mark.parametrize("kind", [0x30, 0xC0, 0x82])
async def test_a_length_of_five_bytes_closes(broker: Broker, kind: int) -> None:
    # 2.2.3: at most four
    assert await cut_off(broker.port, bytes([kind, 0x80, 0x80, 0x80, 0x80, 1])) == []


async def test_a_packet_beyond_the_limit_closes_before_it_has_come(broker: Broker) -> None:
    # 2.2.3 allows 256 MiB, a broker less: ours 256 KiB, Mosquitto as shipped 65 KiB
    for digits in (b"\xff\xff\xff\x7f", b"\x80\x80\x20"):
        assert await cut_off(broker.port, b"\x30" + digits + text("t")) == []


async def test_lawful_packets_may_come_in_any_pieces(broker: Broker) -> None:
    # 4.2: the network is a stream of bytes
    payloads = [b"x" * size for size in (0, 1, 127, 128, 129, 300)]
    stream = b"".join(publish("t", payload) for payload in payloads)
    async with client(broker.port) as subscriber, client(broker.port) as publisher:
        await subscribed(subscriber, "t")
        for size in (1, 2, 3, 7, 130, len(stream)):
            for start in range(0, len(stream), size):
                await publisher.send(stream[start : start + size])
            assert await publisher.silent() == []
            came = [Received.read(each).payload for each in await subscriber.silent()]
            assert came == payloads


async def test_a_length_may_have_more_bytes_than_it_needs(broker: Broker) -> None:
    # 2.2.3 does not forbid a length padded with zero digits, within four bytes
    padded = b"\x30\x84\x80\x00" + text("t") + b"x"
    async with client(broker.port) as raw:
        await subscribed(raw, "t")
        await raw.send(padded)
        assert (await raw.message()).payload == b"x"
