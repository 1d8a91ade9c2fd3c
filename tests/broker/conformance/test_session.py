"""MQTT 3.1.1, 3.1.2.4, 4.1 and 4.4: what a session keeps while its client is away."""

from __future__ import annotations

import asyncio

import pytest

from support.brokers import Broker
from support.conversation import leave, payloads, session, subscribed, take, tell
from support.raw_mqtt import (
    CONNACK,
    PUBACK,
    PUBCOMP,
    PUBREC,
    PUBREL,
    acknowledgement,
    client,
    connect,
    dialled,
    publish,
    subscribe,
    unsubscribe,
)


async def test_the_broker_says_whether_it_knows_a_session(broker: Broker) -> None:
    # [MQTT-3.2.2-1], [MQTT-3.2.2-2], [MQTT-3.2.2-3], [MQTT-3.1.2-6]
    for clean, present in [(False, False), (False, True), (True, False), (False, False)]:
        async with session(broker.port, "c", clean=clean, present=present) as raw:
            await leave(raw)


async def test_subscriptions_are_kept_with_their_qos(broker: Broker) -> None:
    # [MQTT-3.1.2-4]
    async with session(broker.port, "c", present=False) as raw:
        await subscribed(raw, "zero", "gone", qos=0)
        await subscribed(raw, "one/+", qos=1)
        await raw.send(unsubscribe("gone"))
        await raw.receive()
        await leave(raw)
    async with session(broker.port, "c", present=True) as raw, client(broker.port) as publisher:
        for topic in ("zero", "gone", "one/x"):
            await tell(publisher, topic, b"x", qos=2)
        came = await take(raw, 2)
        assert [(each.topic, each.qos) for each in came] == [("zero", 0), ("one/x", 1)]
        assert await raw.silent() == []


async def test_a_clean_session_is_over_with_its_connection(broker: Broker) -> None:
    # [MQTT-3.1.2-6]
    async with session(broker.port, "c", clean=True, present=False) as raw:
        await subscribed(raw, "t", qos=1)
        await leave(raw)
    async with client(broker.port) as publisher:
        await tell(publisher, "t", b"missed", qos=1)
        async with session(broker.port, "c", present=False) as raw:
            await tell(publisher, "t", b"missed", qos=1)
            assert await raw.silent() == []


async def test_a_clean_start_ends_the_session_that_was_kept(broker: Broker) -> None:
    # [MQTT-3.1.2-6]
    async with session(broker.port, "c", present=False) as raw, client(broker.port) as publisher:
        await subscribed(raw, "t", qos=1)
        await leave(raw)
        await tell(publisher, "t", b"waiting", qos=1)
        async with session(broker.port, "c", clean=True, present=False) as fresh:
            await tell(publisher, "t", b"unasked", qos=1)
            assert await fresh.silent() == []
            await leave(fresh)
        async with session(broker.port, "c", present=False) as again:
            assert await again.silent() == []


@pytest.mark.parametrize("qos", [1, 2])
async def test_what_came_while_the_client_was_away_waits_for_it_in_order(
    broker: Broker, qos: int
) -> None:
    # [MQTT-3.1.2-5], [MQTT-4.6.0-6]; [MQTT-3.3.1-9]: it is not retained, and does not say so
    numbers = [b"%d" % number for number in range(50)]
    async with session(broker.port, "c", present=False) as raw:
        await subscribed(raw, "t", qos=2)
        await leave(raw)
    async with client(broker.port) as publisher:
        for number in numbers:
            await tell(publisher, "t", number, qos=qos, retain=number == numbers[-1])
    async with session(broker.port, "c", present=True) as raw:
        came = await take(raw, len(numbers))
        assert [each.payload for each in came] == numbers
        assert {(each.qos, each.retain, each.dup) for each in came} == {(qos, False, False)}
        await leave(raw)
    async with session(broker.port, "c", present=True) as raw:
        assert await raw.silent() == []  # all was acknowledged


async def test_new_messages_follow_those_that_waited(broker: Broker) -> None:
    # [MQTT-4.6.0-6]
    async with session(broker.port, "c", present=False) as raw:
        await subscribed(raw, "t", qos=1)
        await leave(raw)
    async with client(broker.port) as publisher:
        await tell(publisher, "t", b"1", qos=1)
        await tell(publisher, "t", b"2", qos=1)
        async with session(broker.port, "c", present=True) as raw:
            await tell(publisher, "t", b"3", qos=1)
            assert [each.payload for each in await take(raw, 3)] == [b"1", b"2", b"3"]


async def test_a_message_that_was_not_acknowledged_is_sent_again(broker: Broker) -> None:
    # [MQTT-4.4.0-1], [MQTT-3.3.1-1], 4.3.2: the same packet id, in the same order, with DUP
    async with session(broker.port, "c", present=False) as raw, client(broker.port) as publisher:
        await subscribed(raw, "t", qos=1)
        for payload in (b"1", b"2", b"3"):
            await tell(publisher, "t", payload, qos=1)
        first = [await raw.message() for _ in range(3)]
        assert first[1].packet_id is not None
        await raw.send(acknowledgement(PUBACK, first[1].packet_id))
        await leave(raw)
    for _ in range(2):  # as often as it takes
        async with session(broker.port, "c", present=True) as raw:
            again = [await raw.message(), await raw.message()]
            assert again == [first[0]._replace(dup=True), first[2]._replace(dup=True)]
            await leave(raw)


async def test_a_message_is_not_sent_twice_on_one_connection(broker: Broker) -> None:
    # [MQTT-4.4.0-1]: only a reconnection repeats
    async with client(broker.port) as raw, client(broker.port) as publisher:
        await subscribed(raw, "t", qos=1)
        await tell(publisher, "t", b"1", qos=1)
        await raw.message()
        await subscribed(raw, "u", qos=1)
        await tell(publisher, "t", b"2", qos=1)
        assert await payloads(raw) == [b"2"]


async def test_a_qos_2_message_that_was_not_received_is_sent_again(broker: Broker) -> None:
    # [MQTT-4.4.0-1], 4.3.3
    async with session(broker.port, "c", present=False) as raw, client(broker.port) as publisher:
        await subscribed(raw, "t", qos=2)
        await tell(publisher, "t", b"1", qos=2)
        first = await raw.message()
        await leave(raw)
    async with session(broker.port, "c", present=True) as raw:
        assert await take(raw, 1) == [first._replace(dup=True)]
        assert await raw.silent() == []


async def test_a_release_that_was_not_completed_is_sent_again_and_the_message_is_not(
    broker: Broker,
) -> None:
    # [MQTT-4.4.0-1], [MQTT-4.3.3-1]: no PUBLISH after its PUBREC
    async with session(broker.port, "c", present=False) as raw, client(broker.port) as publisher:
        await subscribed(raw, "t", qos=2)
        await tell(publisher, "t", b"1", qos=2)
        number = (await raw.message()).packet_id
        assert number is not None
        await raw.send(acknowledgement(PUBREC, number))
        await raw.expect(PUBREL, number.to_bytes(2))
        await leave(raw)
    for _ in range(2):  # as often as it takes
        async with session(broker.port, "c", present=True) as raw:
            await raw.expect(PUBREL, number.to_bytes(2))
            assert await raw.silent() == []
            await leave(raw)
    async with session(broker.port, "c", present=True) as raw:
        await raw.expect(PUBREL, number.to_bytes(2))
        await raw.send(acknowledgement(PUBCOMP, number))
        await leave(raw)
    async with session(broker.port, "c", present=True) as raw:
        assert await raw.silent() == []


async def test_a_publisher_may_finish_a_qos_2_message_on_its_next_connection(
    broker: Broker,
) -> None:
    # [MQTT-4.1.0-1]: the session knows the packet id; [MQTT-4.3.3-2]: one message arrives
    async with client(broker.port) as subscriber:
        await subscribed(subscriber, "t")
        async with session(broker.port, "c", present=False) as raw:
            await raw.send(publish("t", b"once", qos=2, packet_id=7))
            await raw.expect(PUBREC, b"\0\7")
            await leave(raw)
        async with session(broker.port, "c", present=True) as raw:
            await raw.send(publish("t", b"once", qos=2, packet_id=7, dup=True))
            await raw.expect(PUBREC, b"\0\7")
            await raw.send(acknowledgement(PUBREL, 7))
            await raw.expect(PUBCOMP, b"\0\7")
        assert await payloads(subscriber) == [b"once"]


async def test_a_publisher_may_release_on_its_next_connection(broker: Broker) -> None:
    # [MQTT-4.1.0-1], [MQTT-4.4.0-1]
    async with client(broker.port) as subscriber:
        await subscribed(subscriber, "t")
        async with session(broker.port, "c", present=False) as raw:
            await raw.send(publish("t", b"once", qos=2, packet_id=7))
            await raw.expect(PUBREC, b"\0\7")
            await leave(raw)
        async with session(broker.port, "c", present=True) as raw:
            await raw.send(acknowledgement(PUBREL, 7))
            await raw.expect(PUBCOMP, b"\0\7")
        assert await payloads(subscriber) == [b"once"]


async def test_a_clean_start_forgets_a_publisher_s_unfinished_message(broker: Broker) -> None:
    # [MQTT-3.1.2-6]: the same packet id is another message now
    async with client(broker.port) as subscriber:
        await subscribed(subscriber, "t")
        async with session(broker.port, "c", clean=True, present=False) as raw:
            await raw.send(publish("t", b"old", qos=2, packet_id=9))
            await raw.expect(PUBREC, b"\0\x09")
            await leave(raw)
        async with session(broker.port, "c", clean=True, present=False) as raw:
            await tell(raw, "t", b"new", qos=2)
        assert (await payloads(subscriber))[-1] == b"new"


async def test_taking_the_place_of_oneself_carries_the_session_over(broker: Broker) -> None:
    # [MQTT-3.1.4-2], [MQTT-3.1.2-4], [MQTT-4.4.0-1]
    async with client(broker.port) as publisher, session(broker.port, "c", present=False) as old:
        await subscribed(old, "t", qos=1)
        await tell(publisher, "t", b"1", qos=1)
        first = await old.message()
        async with session(broker.port, "c", present=True) as new:
            assert await old.closed() == []
            assert await take(new, 1) == [first._replace(dup=True)]
            await tell(publisher, "t", b"2", qos=1)
            assert [each.payload for each in await take(new, 1)] == [b"2"]


async def test_a_reset_does_not_end_a_session_that_is_kept(broker: Broker) -> None:
    # [MQTT-3.1.2-4]
    async with client(broker.port) as publisher, session(broker.port, "c", present=False) as old:
        await subscribed(old, "t", qos=1)
        await old.reset()
        await tell(publisher, "t", b"1", qos=1)
        async with session(broker.port, "c", present=True) as new:
            assert [each.payload for each in await take(new, 1)] == [b"1"]


async def test_what_is_retained_is_not_sent_again_to_a_session_that_comes_back(
    broker: Broker,
) -> None:
    # [MQTT-3.3.1-6]: it greets a subscription that is made, not one that was kept
    async with client(broker.port) as publisher, session(broker.port, "c", present=False) as old:
        await tell(publisher, "t", b"kept", retain=True)
        assert len(await subscribed(old, "t")) == 1
        await leave(old)
        async with session(broker.port, "c", present=True) as new:
            assert await new.silent() == []


async def test_a_session_keeps_its_subscriptions_when_its_client_comes_back_while_it_subscribes(
    broker: Broker,
) -> None:
    # [MQTT-3.1.2-4], [MQTT-3.1.4-2]: old and new connection speak at the same time
    async with client(broker.port) as publisher:
        async with session(broker.port, "c", present=False) as first:
            await subscribed(first, "kept")
            await leave(first)
        for turns in range(20):
            async with (
                session(broker.port, "c", present=True) as old,
                dialled(broker.port) as new,
            ):
                new.writer.write(connect("c", clean=False))
                for _ in range(turns):
                    await asyncio.sleep(0)
                old.writer.write(subscribe("more"))
                await new.expect(CONNACK, b"\1\0")
                await old.closed()
                await tell(publisher, "kept", b"x")
                assert [each.payload for each in await take(new, 1)] == [b"x"]
                await leave(new)
