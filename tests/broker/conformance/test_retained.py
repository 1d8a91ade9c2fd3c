"""MQTT 3.1.1, 3.3.1.3: retained messages."""

from __future__ import annotations

from support.brokers import Broker
from support.conversation import payloads, subscribed, take, tell
from support.raw_mqtt import PUBLISH, Received, client, subscribe


async def test_the_newest_retained_message_greets_a_new_subscription(broker: Broker) -> None:
    # [MQTT-3.3.1-5], [MQTT-3.3.1-6], [MQTT-3.3.1-8]
    async with client(broker.port) as publisher, client(broker.port) as subscriber:
        await tell(publisher, "t", b"old", retain=True)
        await tell(publisher, "t", b"new", retain=True)
        [message] = await subscribed(subscriber, "t")
        assert (message.topic, message.payload, message.retain) == ("t", b"new", True)


async def test_it_outlives_its_sender(broker: Broker) -> None:
    # 3.1.2.4: retained messages are no part of a session
    async with client(broker.port, "gone") as publisher:
        await tell(publisher, "t", b"kept", retain=True)
    async with client(broker.port, "gone") as subscriber:
        assert [each.payload for each in await subscribed(subscriber, "t")] == [b"kept"]


async def test_a_live_message_has_no_retain_flag(broker: Broker) -> None:
    # [MQTT-3.3.1-9]
    async with client(broker.port) as publisher, client(broker.port) as subscriber:
        await subscribed(subscriber, "t")
        await tell(publisher, "t", b"live", retain=True)
        message = await subscriber.message()
        assert (message.payload, message.retain) == (b"live", False)


async def test_a_message_without_the_flag_leaves_the_retained_one_alone(broker: Broker) -> None:
    # [MQTT-3.3.1-12]
    async with client(broker.port) as publisher, client(broker.port) as subscriber:
        await tell(publisher, "t", b"kept", retain=True)
        await tell(publisher, "t", b"passing")
        await tell(publisher, "t", b"")
        assert [each.payload for each in await subscribed(subscriber, "t")] == [b"kept"]


async def test_an_empty_payload_clears_and_is_not_retained_itself(broker: Broker) -> None:
    # [MQTT-3.3.1-10], [MQTT-3.3.1-11]
    async with client(broker.port) as publisher, client(broker.port) as watching:
        await tell(publisher, "t", b"kept", retain=True)
        await subscribed(watching, "t")
        await tell(publisher, "t", b"", retain=True)
        cleared = await watching.message()
        assert (cleared.payload, cleared.retain) == (b"", False)
        async with client(broker.port) as late:
            assert await subscribed(late, "t") == []


async def test_clearing_what_is_not_there_does_nothing(broker: Broker) -> None:
    async with client(broker.port) as raw:
        await tell(raw, "t", b"", retain=True)
        assert await subscribed(raw, "#") == []


async def test_the_retained_message_of_each_topic_that_matches_is_sent_once(
    broker: Broker,
) -> None:
    async with client(broker.port) as publisher, client(broker.port) as subscriber:
        for topic in ("a", "a/1", "a/2", "a/2/x", "b"):
            await tell(publisher, topic, topic.encode(), retain=True)
        assert {each.topic for each in await subscribed(subscriber, "a/+")} == {"a/1", "a/2"}
        everything = await subscribed(subscriber, "a/#")
        assert sorted(each.topic for each in everything) == ["a", "a/1", "a/2", "a/2/x"]
        assert [each.topic for each in await subscribed(subscriber, "b")] == ["b"]
        assert await subscribed(subscriber, "c") == []


async def test_it_is_delivered_at_the_lower_of_both_qos(broker: Broker) -> None:
    # [MQTT-3.8.4-6]
    async with client(broker.port) as publisher:
        for qos in (0, 1, 2):
            await tell(publisher, f"t/{qos}", b"kept", qos=qos, retain=True)
        for granted in (0, 1, 2):
            async with client(broker.port) as subscriber:
                await subscriber.send(subscribe("t/+", qos=granted))
                await subscriber.receive()  # the SUBACK: both brokers send it first
                came = {each.topic: each for each in await take(subscriber, 3)}
                for qos in (0, 1, 2):
                    assert came[f"t/{qos}"].qos == min(qos, granted)
                    assert came[f"t/{qos}"].retain


async def test_it_is_sent_to_who_subscribes_and_to_nobody_else(broker: Broker) -> None:
    async with client(broker.port) as there, client(broker.port) as publisher:
        await tell(publisher, "t", b"kept", retain=True)
        assert len(await subscribed(there, "t")) == 1
        async with client(broker.port) as new:
            assert await new.silent() == []  # it has not subscribed
            await subscribed(new, "t")
            assert await there.silent() == []  # it has been told before


async def test_both_it_and_what_follows_arrive_in_order(broker: Broker) -> None:
    async with client(broker.port) as publisher, client(broker.port) as subscriber:
        await tell(publisher, "t", b"1", retain=True)
        await subscriber.send(subscribe("t"))
        await tell(publisher, "t", b"2", retain=True)
        came = [
            Received.read(each).payload
            for each in await subscriber.silent()
            if each.kind == PUBLISH
        ]
        assert came in ([b"1", b"2"], [b"2"])  # as the two clients were heard


async def test_a_large_one_is_kept_whole(broker: Broker) -> None:
    async with client(broker.port) as publisher, client(broker.port) as subscriber:
        payload = bytes(64 * 1024)
        await tell(publisher, "t", payload, retain=True)
        assert [each.payload for each in await subscribed(subscriber, "t")] == [payload]
        await tell(publisher, "t", b"", retain=True)
        assert await payloads(subscriber) == [b""]
