"""MQTT 3.1.1, 3.3 to 3.7 and 4.3: PUBLISH at QoS 0, 1 and 2, in both directions."""

from __future__ import annotations

import pytest

from support.brokers import Broker
from support.conversation import cut_off, payloads, subscribed, take, tell
from support.raw_mqtt import (
    PUBACK,
    PUBCOMP,
    PUBLISH,
    PUBREC,
    PUBREL,
    RawMqtt,
    Received,
    acknowledgement,
    client,
    packet,
    publish,
    text,
)


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(publish("a/+"), id="plus in the topic [MQTT-3.3.2-2]"),
        pytest.param(publish("a/#"), id="hash in the topic [MQTT-3.3.2-2]"),
        pytest.param(publish(""), id="empty topic [MQTT-4.7.3-1]"),
        pytest.param(publish("t", qos=3), id="QoS 3 [MQTT-3.3.1-4]"),
        pytest.param(publish("t", qos=1, packet_id=0), id="packet id 0 at QoS 1 [MQTT-2.3.1-1]"),
        pytest.param(publish("t", qos=2, packet_id=0), id="packet id 0 at QoS 2 [MQTT-2.3.1-1]"),
        pytest.param(packet(PUBLISH, b""), id="no topic [MQTT-3.3.2-1]"),
        pytest.param(packet(PUBLISH, b"\0\x09t"), id="topic longer than the packet"),
        pytest.param(packet(PUBLISH, text("t") + b"\1", 2), id="half a packet id"),
    ],
)
async def test_a_publish_against_the_rules_closes_and_is_told_to_nobody(
    broker: Broker, wrong: bytes
) -> None:
    async with client(broker.port) as everybody:
        await subscribed(everybody, "#")
        assert await cut_off(broker.port, wrong) == []
        assert await everybody.silent() == []


async def test_a_first_sending_at_qos_0_is_never_passed_on_as_a_repetition(broker: Broker) -> None:
    # [MQTT-3.3.1-2]: DUP must be 0 at QoS 0; a broker may hang up or overlook it
    async with client(broker.port) as subscriber:
        await subscribed(subscriber, "t")
        async with client(broker.port) as raw:
            await raw.send(publish("t", b"x", dup=True), publish("t", b"x"))
            raw.writer.write_eof()
            await raw.closed()
        came = [Received.read(each) for each in await subscriber.silent()]
        assert not any(message.dup for message in came)


async def test_the_dup_flag_is_not_passed_on(broker: Broker) -> None:
    # [MQTT-3.3.1-3]
    async with client(broker.port) as subscriber, client(broker.port) as publisher:
        await subscribed(subscriber, "t", qos=1)
        await publisher.send(publish("t", b"x", qos=1, dup=True))
        await publisher.expect(PUBACK)
        [message] = await take(subscriber, 1)
        assert not message.dup


async def test_a_message_arrives_byte_for_byte(broker: Broker) -> None:
    async with client(broker.port) as subscriber, client(broker.port) as publisher:
        await subscribed(subscriber, "#")
        for payload in (b"", b"\0", bytes(range(256)), b"x" * 64 * 1024):
            await tell(publisher, "t", payload)
            message = await subscriber.message()
            assert (message.topic, message.payload) == ("t", payload)


@pytest.mark.parametrize("topic", ["/", "//", "a b", "ä/中/😀", "\ufeffa", "x" * 200, "/a/"])
async def test_a_topic_arrives_as_it_was_sent(broker: Broker, topic: str) -> None:
    # 4.7.3; [MQTT-1.5.3-3]: U+FEFF is no byte order mark here
    async with client(broker.port) as raw:
        await subscribed(raw, topic)
        await raw.send(publish(topic, b"x"))
        assert (await raw.message()).topic == topic


async def test_qos_1_is_acknowledged_with_its_packet_id(broker: Broker) -> None:
    # [MQTT-4.3.2-2], [MQTT-2.3.1-6]
    async with client(broker.port) as raw:
        for packet_id in (1, 258, 65535):
            await raw.send(publish("t", qos=1, packet_id=packet_id))
            await raw.expect(PUBACK, packet_id.to_bytes(2))


async def test_qos_2_is_acknowledged_in_two_steps_with_its_packet_id(broker: Broker) -> None:
    # [MQTT-4.3.3-2], [MQTT-2.3.1-6]
    async with client(broker.port) as raw:
        for packet_id in (1, 258, 65535):
            await raw.send(publish("t", qos=2, packet_id=packet_id))
            await raw.expect(PUBREC, packet_id.to_bytes(2))
            await raw.send(acknowledgement(PUBREL, packet_id))
            await raw.expect(PUBCOMP, packet_id.to_bytes(2))


async def test_a_qos_2_message_repeated_before_its_release_arrives_once(broker: Broker) -> None:
    # [MQTT-4.3.3-2]
    async with client(broker.port) as subscriber, client(broker.port) as publisher:
        await subscribed(subscriber, "t")
        await publisher.send(publish("t", b"once", qos=2, packet_id=7))
        await publisher.expect(PUBREC, b"\0\7")
        await publisher.send(publish("t", b"once", qos=2, packet_id=7, dup=True))
        await publisher.expect(PUBREC, b"\0\7")
        await publisher.send(acknowledgement(PUBREL, 7))
        await publisher.expect(PUBCOMP, b"\0\7")
        assert await payloads(subscriber) == [b"once"]


async def test_a_release_may_be_repeated(broker: Broker) -> None:
    # [MQTT-4.3.3-2]: a PUBREL is always answered, for its PUBCOMP may have been lost
    async with client(broker.port) as subscriber, client(broker.port) as publisher:
        await subscribed(subscriber, "t")
        await tell(publisher, "t", b"once", qos=2)
        for packet_id in (9, 1234):  # the one just completed, and one never heard of
            await publisher.send(acknowledgement(PUBREL, packet_id))
            await publisher.expect(PUBCOMP, packet_id.to_bytes(2))
        assert await payloads(subscriber) == [b"once"]


async def test_a_packet_id_is_free_again_when_its_message_is_complete(broker: Broker) -> None:
    # [MQTT-2.3.1-4]
    async with client(broker.port) as subscriber, client(broker.port) as publisher:
        await subscribed(subscriber, "t", qos=2)
        for payload in (b"1", b"2", b"3"):
            await tell(publisher, "t", payload, qos=2)  # always the same packet id
        assert [message.payload for message in await take(subscriber, 3)] == [b"1", b"2", b"3"]


async def test_qos_2_messages_may_be_under_way_together(broker: Broker) -> None:
    # 4.3.3, 4.6
    async with client(broker.port) as subscriber, client(broker.port) as publisher:
        await subscribed(subscriber, "t")
        await publisher.send(publish("t", b"1", qos=2, packet_id=1))
        await publisher.send(publish("t", b"2", qos=2, packet_id=2))
        await publisher.expect(PUBREC, b"\0\1")
        await publisher.expect(PUBREC, b"\0\2")
        for number in (1, 2):
            await publisher.send(acknowledgement(PUBREL, number))
            await publisher.expect(PUBCOMP, number.to_bytes(2))
        assert await payloads(subscriber) == [b"1", b"2"]


async def received_at(subscriber: RawMqtt, qos: int) -> None:
    """Go through the subscriber's side of one message, packet by packet."""
    message = await subscriber.message()
    assert (message.qos, message.retain, message.dup) == (qos, False, False)
    if message.packet_id is None:
        return
    # [MQTT-2.3.1-1]
    assert message.packet_id > 0
    number = message.packet_id.to_bytes(2)
    if qos == 1:
        await subscriber.send(acknowledgement(PUBACK, message.packet_id))
    if qos == 2:
        await subscriber.send(acknowledgement(PUBREC, message.packet_id))
        # [MQTT-4.3.3-1], [MQTT-3.6.1-1]
        assert (await subscriber.expect(PUBREL, number)).flags == 2
        await subscriber.send(acknowledgement(PUBCOMP, message.packet_id))
    assert await subscriber.silent() == []


async def test_a_message_is_delivered_at_the_lower_of_both_qos(broker: Broker) -> None:
    # [MQTT-3.8.4-6], [MQTT-4.3.1-1], [MQTT-4.3.2-1], [MQTT-4.3.3-1]
    async with client(broker.port) as publisher:
        for granted in (0, 1, 2):
            async with client(broker.port) as subscriber:
                await subscribed(subscriber, "t", qos=granted)
                for qos in (0, 1, 2):
                    await tell(publisher, "t", b"x", qos=qos)
                    await received_at(subscriber, min(qos, granted))


@pytest.mark.parametrize("qos", [0, 1, 2])
async def test_the_messages_of_a_topic_arrive_in_order(broker: Broker, qos: int) -> None:
    # [MQTT-4.6.0-5], [MQTT-4.6.0-6]
    numbers = [b"%d" % number for number in range(60)]
    async with client(broker.port) as subscriber, client(broker.port) as publisher:
        await subscribed(subscriber, "t", qos=qos)
        for number in numbers:
            await tell(publisher, "t", number, qos=qos)
        assert [message.payload for message in await take(subscriber, len(numbers))] == numbers


async def test_unacknowledged_messages_have_different_packet_ids(broker: Broker) -> None:
    # [MQTT-2.3.1-2], [MQTT-2.3.1-4]
    async with client(broker.port) as subscriber, client(broker.port) as publisher:
        await subscribed(subscriber, "t", qos=2)
        for qos in (1, 2) * 5:
            await tell(publisher, "t", b"x", qos=qos)
        numbers = {(await subscriber.message()).packet_id for _ in range(10)}
        assert len(numbers) == 10


async def test_acknowledgements_are_given_in_the_order_of_the_messages(broker: Broker) -> None:
    # [MQTT-4.6.0-2], [MQTT-4.6.0-3], [MQTT-4.6.0-4]
    async with client(broker.port) as raw:
        ids = range(1, 11)
        await raw.send(*(publish("t", qos=1, packet_id=number) for number in ids))
        for number in ids:
            await raw.expect(PUBACK, number.to_bytes(2))
        await raw.send(*(publish("t", qos=2, packet_id=number) for number in ids))
        for number in ids:
            await raw.expect(PUBREC, number.to_bytes(2))
        await raw.send(*(acknowledgement(PUBREL, number) for number in ids))
        for number in ids:
            await raw.expect(PUBCOMP, number.to_bytes(2))


async def test_a_client_is_sent_its_own_messages(broker: Broker) -> None:
    # MQTT 3.1.1 has no way not to be
    async with client(broker.port) as raw:
        await subscribed(raw, "t")
        await raw.send(publish("t", b"mine"))
        assert (await raw.message()).payload == b"mine"
