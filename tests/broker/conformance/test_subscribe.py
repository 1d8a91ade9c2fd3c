"""MQTT 3.1.1, 3.8 to 3.11 and 4.7: SUBSCRIBE, UNSUBSCRIBE and what filters match."""

from __future__ import annotations

import pytest

from support.brokers import Broker
from support.conversation import cut_off, embedded_only, payloads, subscribed, take, tell
from support.raw_mqtt import (
    PUBACK,
    PUBLISH,
    PUBREC,
    PUBREL,
    SUBACK,
    SUBSCRIBE,
    UNSUBACK,
    UNSUBSCRIBE,
    RawMqtt,
    Received,
    acknowledgement,
    client,
    connect,
    dialled,
    packet,
    publish,
    subscribe,
    text,
    unsubscribe,
)

ONE = b"\0\1"  # a packet id


async def told(publisher: RawMqtt, *topics: str) -> None:
    """Publish each topic's own name on it."""
    for topic in topics:
        await tell(publisher, topic, topic.encode())


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(packet(SUBSCRIBE, ONE, 2), id="SUBSCRIBE to nothing [MQTT-3.8.3-3]"),
        pytest.param(subscribe("t", qos=3), id="QoS 3 [MQTT-3-8.3-4]"),
        pytest.param(subscribe("t", qos=4), id="reserved bits beside the QoS [MQTT-3-8.3-4]"),
        pytest.param(packet(SUBSCRIBE, ONE + text("t") + b"\0", 0), id="flags 0 [MQTT-3.8.1-1]"),
        pytest.param(packet(SUBSCRIBE, ONE + text("t") + b"\0", 3), id="flags 3 [MQTT-3.8.1-1]"),
        pytest.param(packet(SUBSCRIBE, ONE + text("t"), 2), id="no QoS byte [MQTT-3.8.3-4]"),
        pytest.param(subscribe("t", packet_id=0), id="packet id 0 [MQTT-2.3.1-1]"),
        pytest.param(packet(UNSUBSCRIBE, ONE, 2), id="UNSUBSCRIBE of nothing [MQTT-3.10.3-2]"),
        pytest.param(packet(UNSUBSCRIBE, ONE + text("t"), 0), id="flags 0 [MQTT-3.10.1-1]"),
        pytest.param(unsubscribe("t", packet_id=0), id="UNSUBSCRIBE with packet id 0"),
    ],
)
async def test_a_packet_against_the_rules_closes(broker: Broker, wrong: bytes) -> None:
    assert await cut_off(broker.port, wrong) == []


@pytest.mark.parametrize("wrong", ["a/#/b", "#/a", "a#", "a/b#", "a+", "+a", "a/+b/c", "++", ""])
async def test_a_filter_against_the_rules_is_never_granted(broker: Broker, wrong: str) -> None:
    # [MQTT-4.7.1-2], [MQTT-4.7.1-3], [MQTT-4.7.3-1]: refused or closed, as the broker likes
    async with dialled(broker.port) as raw:
        await raw.send(connect("c"), subscribe(wrong))
        raw.writer.write_eof()
        answers = [each.body for each in await raw.closed() if each.kind == SUBACK]
        assert answers in ([], [ONE + b"\x80"])


@embedded_only  # Mosquitto has shared subscriptions
async def test_a_shared_subscription_is_refused_rather_than_granted_and_lost(
    broker: Broker,
) -> None:
    # 3.9.3: 0x80 is a failure
    async with client(broker.port) as raw:
        await raw.send(subscribe("$share/group/t", "t", qos=1))
        await raw.expect(SUBACK, ONE + b"\x80\1")


async def test_each_filter_is_answered_in_its_place_with_the_qos_asked_for(broker: Broker) -> None:
    # [MQTT-3.8.4-1], [MQTT-3.8.4-2], [MQTT-3.8.4-5], [MQTT-3.9.3-1]
    asked = b"".join(text(name) + bytes([qos]) for name, qos in (("a", 2), ("b", 0), ("c", 1)))
    async with client(broker.port) as raw:
        await raw.send(packet(SUBSCRIBE, b"\x12\x34" + asked, 2))
        await raw.expect(SUBACK, b"\x12\x34\2\0\1")


async def test_subscribing_again_replaces_the_qos_and_sends_what_is_retained_again(
    broker: Broker,
) -> None:
    # [MQTT-3.8.4-3]
    async with client(broker.port) as subscriber, client(broker.port) as publisher:
        await tell(publisher, "t", b"kept", qos=1, retain=True)
        assert [each.qos for each in await subscribed(subscriber, "t", qos=0)] == [0]
        [again] = await subscribed(subscriber, "t", qos=1)
        assert (again.payload, again.qos, again.retain) == (b"kept", 1, True)
        await tell(publisher, "t", b"live", qos=2)
        [live] = await take(subscriber, 1)  # once: there is one subscription
        assert (live.payload, live.qos) == (b"live", 1)
        await subscribed(subscriber, "t", qos=0)
        await tell(publisher, "t", b"live", qos=2)
        assert (await subscriber.message()).qos == 0


MATCHING = [
    ("sport/tennis/#", "sport/tennis sport/tennis/ sport/tennis/player/ranking", "sport/tenn"),
    ("sport/#", "sport sport/tennis sport/", "sports /sport sport2/x"),
    ("#", "a /a a/b / a//b", ""),
    ("sport/+", "sport/tennis sport/", "sport sport/tennis/player sports/x"),
    ("+", "finance", "/finance a/b"),
    ("+/+", "/finance a/b a/ /", "finance a/b/c"),
    ("/+", "/finance /", "finance /a/b a/b"),
    ("+/a", "/a b/a", "a /a/ c/b/a"),
    ("/a", "/a", "a a/a"),
    ("a/+/c/#", "a/b/c a//c a/b/c/d/e", "a/c a/b/d a/b/b/c"),
    ("+/b/+", "a/b/c /b/", "a/b b/b a/c/b"),
    ("Accounts", "Accounts", "ACCOUNTS accounts Accounts/"),
    ("//", "//", "/ ///"),
]


@pytest.mark.parametrize(("topic_filter", "matching", "others"), MATCHING)
async def test_a_filter_matches_what_the_specification_says(
    broker: Broker, topic_filter: str, matching: str, others: str
) -> None:
    # [MQTT-4.7.1-1] to [MQTT-4.7.1-3], [MQTT-4.7.3-4]; 4.7.1.2: `sport/#` matches `sport`
    async with client(broker.port) as subscriber, client(broker.port) as publisher:
        await subscribed(subscriber, topic_filter)
        await told(publisher, *others.split(), *matching.split())
        assert await payloads(subscriber) == [topic.encode() for topic in matching.split()]


async def test_overlapping_subscriptions_deliver_at_the_highest_qos_among_them(
    broker: Broker,
) -> None:
    # [MQTT-3.3.5-1]: further copies are allowed, at the QoS of the other subscriptions
    async with client(broker.port) as subscriber, client(broker.port) as publisher:
        for topic_filter, qos in (("a/+", 1), ("a/#", 0), ("a/b", 2)):
            await subscribed(subscriber, topic_filter, qos=qos)
        await tell(publisher, "a/b", b"x", qos=2)
        came = [Received.read(each) for each in await subscriber.silent()]
        assert max(message.qos for message in came) == 2
        assert len(came) <= 3


async def test_a_subscription_stands_beside_another_client_s(broker: Broker) -> None:
    async with (
        client(broker.port, "one") as one,
        client(broker.port, "other") as other,
        client(broker.port) as publisher,
    ):
        await subscribed(one, "a/+", "b", qos=1)
        await subscribed(other, "a/#")
        await tell(publisher, "a/b", b"x", qos=1)
        await tell(publisher, "b", b"y", qos=1)
        assert [(each.topic, each.qos) for each in await take(one, 2)] == [("a/b", 1), ("b", 1)]
        [message] = await take(other, 1)
        assert (message.topic, message.qos) == ("a/b", 0)
        assert await other.silent() == []


async def test_unsubscribing_ends_the_deliveries_of_that_filter_only(broker: Broker) -> None:
    # [MQTT-3.10.4-1], [MQTT-3.10.4-2], [MQTT-3.10.4-4], [MQTT-3.10.4-6]
    async with client(broker.port) as subscriber, client(broker.port) as publisher:
        await subscribed(subscriber, "a/b", "c/+", "d", "e")
        await subscriber.send(unsubscribe("a/+", "c/+", "e", packet_id=0x1234))
        await subscriber.expect(UNSUBACK, b"\x12\x34")
        await told(publisher, "a/b", "c/x", "d", "e")
        assert await payloads(subscriber) == [b"a/b", b"d"]


async def test_unsubscribing_what_was_not_subscribed_is_acknowledged(broker: Broker) -> None:
    # [MQTT-3.10.4-5]
    async with client(broker.port) as raw:
        await raw.send(unsubscribe("never", packet_id=77))
        await raw.expect(UNSUBACK, b"\0\x4d")


async def test_deliveries_under_way_are_completed_after_unsubscribing(broker: Broker) -> None:
    # [MQTT-3.10.4-3]
    async with client(broker.port) as subscriber, client(broker.port) as publisher:
        await subscribed(subscriber, "t", qos=2)
        await tell(publisher, "t", b"x", qos=2)
        await subscriber.send(unsubscribe("t", packet_id=77))
        came = [await subscriber.receive(), await subscriber.receive()]
        [message] = [Received.read(each) for each in came if each.kind == PUBLISH]
        assert message.packet_id is not None
        await subscriber.send(acknowledgement(PUBREC, message.packet_id))
        await subscriber.expect(PUBREL, message.packet_id.to_bytes(2))


async def test_a_hundred_filters_in_one_packet_are_a_hundred_subscriptions(broker: Broker) -> None:
    # [MQTT-3.8.4-4]
    filters = [f"many/{number}" for number in range(100)]
    async with client(broker.port) as subscriber, client(broker.port) as publisher:
        await subscribed(subscriber, *filters)
        await told(publisher, *filters)
        assert len(await payloads(subscriber)) == 100


async def test_packet_ids_of_the_two_sides_are_their_own(broker: Broker) -> None:
    # 2.3.1: the client's and the broker's may be equal
    async with client(broker.port) as raw:
        await subscribed(raw, "t", qos=1)
        await raw.send(publish("t", b"x", qos=1, packet_id=1))
        came = {(await raw.receive()).kind for _ in range(2)}
        assert came == {PUBACK, PUBLISH}
