"""MQTT 3.1.1, 3.1, 3.2 and 3.14: CONNECT, CONNACK and DISCONNECT."""

from __future__ import annotations

import pytest

from support.brokers import Broker
from support.conversation import cut_off, embedded_only, leave, refused, subscribed, tell
from support.raw_mqtt import (
    CONNACK,
    CONNECT,
    DISCONNECT,
    PINGREQ,
    PINGRESP,
    PUBACK,
    SUBACK,
    Packet,
    client,
    connect,
    dialled,
    packet,
    publish,
    subscribe,
    text,
)

ACCEPTED = Packet(CONNACK, 0, b"\0\0")
WRONG_VERSION, WRONG_CLIENT_ID = Packet(CONNACK, 0, b"\0\1"), Packet(CONNACK, 0, b"\0\2")
WILL = text("will") + text("gone")


def built(
    name: str = "MQTT", level: int = 4, flags: int = 2, payload: bytes = text("c"), header: int = 0
) -> bytes:
    return packet(CONNECT, text(name) + bytes([level, flags, 0, 0]) + payload, header)


async def test_a_client_is_accepted_with_its_first_packet(broker: Broker) -> None:
    # [MQTT-3.2.0-1], [MQTT-3.2.2-1]
    async with dialled(broker.port) as raw:
        await raw.send(built())
        assert await raw.receive() == ACCEPTED


@pytest.mark.parametrize(
    "first",
    [packet(PINGREQ), packet(DISCONNECT), publish("t", b"x"), subscribe("t")],
    ids=["PINGREQ", "DISCONNECT", "PUBLISH", "SUBSCRIBE"],
)
async def test_a_first_packet_other_than_connect_closes_without_a_word(
    broker: Broker, first: bytes
) -> None:
    # [MQTT-3.1.0-1]
    assert await refused(broker.port, first) == []


async def test_a_second_connect_closes(broker: Broker) -> None:
    # [MQTT-3.1.0-2]
    assert await refused(broker.port, built(), built()) == [ACCEPTED]


async def test_another_protocol_s_name_is_not_served(broker: Broker) -> None:
    # [MQTT-3.1.2-1]
    assert await refused(broker.port, built(name="MQTX")) in ([], [WRONG_VERSION])


@pytest.mark.parametrize("level", [0, 3, 6])
async def test_an_unknown_level_is_told_so_and_closed(broker: Broker, level: int) -> None:
    # [MQTT-3.1.2-2], [MQTT-3.2.2-4], [MQTT-3.2.2-5]
    assert await refused(broker.port, built(level=level)) == [WRONG_VERSION]


@embedded_only  # Mosquitto speaks MQTT 5 as well
async def test_mqtt_5_is_told_that_its_level_is_not_spoken(broker: Broker) -> None:
    # [MQTT-3.1.2-2]: an MQTT 5 client finds out by this answer, and may come with 4
    no_properties = b"\0"
    connect_5 = built(level=5, payload=no_properties + text("c"))
    assert await refused(broker.port, connect_5) == [WRONG_VERSION]


@embedded_only  # Mosquitto speaks MQTT 3.1 as well
async def test_mqtt_3_1_is_not_served(broker: Broker) -> None:
    # [MQTT-3.1.2-1]
    assert await refused(broker.port, built(name="MQIsdp", level=3)) in ([], [WRONG_VERSION])


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(built(flags=0b0000_0011), id="reserved flag [MQTT-3.1.2-3]"),
        pytest.param(
            built(flags=0b0001_1110, payload=text("c") + WILL), id="will QoS 3 [MQTT-3.1.2-14]"
        ),
        pytest.param(built(flags=0b0000_1010), id="will QoS without will [MQTT-3.1.2-13]"),
        pytest.param(built(flags=0b0010_0010), id="will retain without will [MQTT-3.1.2-15]"),
        pytest.param(
            built(flags=0b0100_0010, payload=text("c") + text("secret")),
            id="password without user [MQTT-3.1.2-22]",
        ),
        pytest.param(built(flags=0b1000_0010), id="user announced, not there [MQTT-3.1.2-19]"),
        pytest.param(built(flags=0b0000_0110), id="will announced, not there [MQTT-3.1.2-9]"),
        pytest.param(built(payload=b""), id="no client id field [MQTT-3.1.3-3]"),
        pytest.param(built(payload=b"\0\x05c"), id="client id longer than the packet"),
        pytest.param(built(payload=text(b"\xff")), id="client id not UTF-8 [MQTT-3.1.3-4]"),
        pytest.param(built(payload=text("a\0b")), id="U+0000 in the client id [MQTT-1.5.3-2]"),
        pytest.param(built(header=1), id="header flags [MQTT-2.2.2-2]"),
    ],
)
async def test_a_connect_against_the_rules_closes_unaccepted(broker: Broker, wrong: bytes) -> None:
    came = await refused(broker.port, wrong)
    assert all(answer.kind == CONNACK and answer.body[1] for answer in came), came


@pytest.mark.parametrize("client_id", ["c", "0123456789abcdefghijklm", "NOPQRSTUVWXYZ", "x" * 64])
async def test_a_client_id_of_letters_and_digits_is_accepted(
    broker: Broker, client_id: str
) -> None:
    # [MQTT-3.1.3-5]: 1 to 23 of them must be; ours are longer
    async with client(broker.port, client_id):
        pass


async def test_clients_without_an_id_are_different_clients(broker: Broker) -> None:
    # [MQTT-3.1.3-6]: a zero-length id gets a unique one
    async with client(broker.port, "") as one, client(broker.port, "") as other:
        assert await one.silent() == await other.silent() == []


async def test_an_empty_id_cannot_keep_a_session(broker: Broker) -> None:
    # [MQTT-3.1.3-7], [MQTT-3.1.3-8]
    assert await refused(broker.port, connect("", clean=False)) == [WRONG_CLIENT_ID]


async def test_who_comes_with_the_id_of_another_takes_its_place(broker: Broker) -> None:
    # [MQTT-3.1.4-2]
    async with client(broker.port, "same") as old, client(broker.port, "same") as new:
        assert await old.closed() == []
        assert await new.silent() == []


async def test_a_client_may_speak_before_it_is_accepted(broker: Broker) -> None:
    # 3.1.4, non-normative: packets sent at once are handled after the CONNACK
    async with dialled(broker.port) as raw:
        await raw.send(built(), subscribe("t"), publish("u", qos=1), packet(PINGREQ))
        assert [(await raw.receive()).kind for _ in range(4)] == [CONNACK, SUBACK, PUBACK, PINGRESP]


async def test_nothing_is_done_for_a_client_that_was_refused(broker: Broker) -> None:
    # [MQTT-3.1.4-5]
    after = publish("left/behind", b"x", retain=True)
    assert await refused(broker.port, connect("", clean=False), after) == [WRONG_CLIENT_ID]
    async with client(broker.port) as raw:
        assert await subscribed(raw, "left/behind") == []


async def test_a_connect_in_single_bytes_is_accepted(broker: Broker) -> None:
    async with dialled(broker.port) as raw:
        for byte in built():
            await raw.send(bytes([byte]))
        assert await raw.receive() == ACCEPTED


async def test_disconnect_closes_and_nothing_after_it_is_handled(broker: Broker) -> None:
    # [MQTT-3.14.4-1], 3.14.4
    after = publish("left/behind", b"x", retain=True)
    assert await cut_off(broker.port, packet(DISCONNECT), after) == []
    async with client(broker.port) as raw:
        assert await subscribed(raw, "left/behind") == []


async def test_one_client_s_end_is_nobody_else_s(broker: Broker) -> None:
    async with client(broker.port, "stays") as stays:
        await subscribed(stays, "t")
        async with client(broker.port, "resets") as resets, client(broker.port, "left") as left:
            await subscribed(resets, "t")
            await leave(left)
            await resets.reset()
        assert await cut_off(broker.port, packet(0)) == []
        await tell(stays, "u")
        await stays.send(publish("t", b"still"))
        assert (await stays.message()).payload == b"still"
