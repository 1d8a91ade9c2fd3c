"""MQTT 3.1.1, 3.1.2.5: the will."""

from __future__ import annotations

import asyncio

import pytest

from support.brokers import Broker
from support.conversation import leave, payloads, subscribed, take, tell
from support.raw_mqtt import DISCONNECT, SUBSCRIBE, Will, client, packet, publish

WILL = Will("will/of/hub", b"gone")


async def test_a_reset_connection_publishes_the_will(broker: Broker) -> None:
    # [MQTT-3.1.2-8]
    async with client(broker.port) as watching:
        await subscribed(watching, "will/#")
        async with client(broker.port, "hub", will=WILL) as hub:
            await hub.reset()
            message = await watching.message()
        assert (message.topic, message.payload) == ("will/of/hub", b"gone")
        assert (message.qos, message.retain) == (0, False)


async def test_a_connection_closed_without_disconnect_publishes_the_will(broker: Broker) -> None:
    # [MQTT-3.1.2-8]
    async with client(broker.port) as watching:
        await subscribed(watching, "will/#")
        async with client(broker.port, "hub", will=WILL) as hub:
            hub.writer.write_eof()
            assert (await watching.message()).payload == b"gone"


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(packet(SUBSCRIBE, b"\0\1", 2), id="SUBSCRIBE to nothing"),
        pytest.param(publish("a/#"), id="wildcard in a topic"),
        pytest.param(packet(0), id="packet type 0"),
        pytest.param(packet(DISCONNECT, flags=1), id="DISCONNECT with flags [MQTT-3.14.1-1]"),
    ],
)
async def test_a_packet_against_the_rules_publishes_the_will(broker: Broker, wrong: bytes) -> None:
    # [MQTT-3.1.2-8], [MQTT-4.8.0-1]
    async with client(broker.port) as watching:
        await subscribed(watching, "will/#")
        async with client(broker.port, "hub", will=WILL) as hub:
            await hub.send(wrong)
            assert await hub.closed() == []
            assert (await watching.message()).payload == b"gone"


async def test_a_silent_client_s_will_is_published(broker: Broker) -> None:
    # [MQTT-3.1.2-24]
    async with client(broker.port) as watching:
        await subscribed(watching, "will/#")
        async with client(broker.port, "hub", will=WILL, keep_alive=1) as hub:
            assert (await watching.message(within=20)).payload == b"gone"
            assert await hub.closed() == []


async def test_a_client_whose_place_is_taken_leaves_its_will(broker: Broker) -> None:
    # [MQTT-3.1.2-8], [MQTT-3.1.4-2]
    async with client(broker.port) as watching:
        await subscribed(watching, "will/#")
        async with client(broker.port, "hub", will=WILL), client(broker.port, "hub") as hub:
            assert (await watching.message()).payload == b"gone"
            # The new one has no will: its end is nobody's business.
            hub.vanish()
        async with client(broker.port, "hub") as hub:
            await hub.silent()
        assert await watching.silent() == []


async def test_a_client_that_disconnects_leaves_no_will(broker: Broker) -> None:
    # [MQTT-3.1.2-10], [MQTT-3.14.4-3]
    async with client(broker.port) as watching:
        await subscribed(watching, "will/#")
        async with client(broker.port, "hub", will=WILL) as hub:
            await leave(hub)
        async with client(broker.port, "hub") as hub:  # the old one is over for certain
            await tell(hub, "will/none", b"still here")
        assert await payloads(watching) == [b"still here"]


@pytest.mark.parametrize("qos", [0, 1, 2])
async def test_the_will_has_the_qos_that_was_asked_for(broker: Broker, qos: int) -> None:
    # [MQTT-3.1.2-12], [MQTT-3.1.2-14]
    async with client(broker.port) as watching:
        await subscribed(watching, "will/#", qos=2)
        async with client(broker.port, "hub", will=Will("will", b"gone", qos)) as hub:
            hub.vanish()
            assert [each.qos for each in await take(watching, 1)] == [qos]


async def test_a_retained_will_is_kept(broker: Broker) -> None:
    # [MQTT-3.1.2-17]
    async with client(broker.port) as watching:
        await subscribed(watching, "will/#")
        async with client(broker.port, "hub", will=Will("will", b"gone", retain=True)) as hub:
            hub.vanish()
            assert not (await watching.message()).retain
        async with client(broker.port) as late:
            [message] = await subscribed(late, "will")
            assert (message.payload, message.retain) == (b"gone", True)


async def test_a_will_that_is_not_retained_is_not_kept(broker: Broker) -> None:
    # [MQTT-3.1.2-16]
    async with client(broker.port) as watching:
        await subscribed(watching, "will/#")
        async with client(broker.port, "hub", will=WILL) as hub:
            hub.vanish()
            await watching.message()
        async with client(broker.port) as late:
            assert await subscribed(late, "will/#") == []


async def test_an_empty_retained_will_clears_what_was_retained(broker: Broker) -> None:
    # [MQTT-3.3.1-10]
    async with client(broker.port) as watching:
        await subscribed(watching, "will/#")
        async with client(broker.port, "hub", will=Will("will", b"", retain=True)) as hub:
            await tell(hub, "will", b"here", retain=True)
            hub.vanish()
            assert [each.payload for each in await take(watching, 2)] == [b"here", b""]
        async with client(broker.port) as late:
            assert await subscribed(late, "will") == []


@pytest.mark.parametrize("end", ["closed", "reset"])
async def test_the_will_is_the_last_thing_said(broker: Broker, end: str) -> None:
    # [MQTT-4.6.0-5]: what was sent before the end is delivered before the will
    said = [b"%d" % number for number in range(100)]
    async with client(broker.port) as watching:
        await subscribed(watching, "will")
        async with client(broker.port, "hub", will=Will("will", b"gone")) as hub:
            await hub.send(*(publish("will", each) for each in said))
            if end == "closed":
                hub.writer.write_eof()
            else:
                await hub.reset()
            came = [each.payload for each in await take(watching, len(said) + 1)]
        assert came == [*said, b"gone"]


async def test_each_connection_has_the_will_of_its_own_connect(broker: Broker) -> None:
    # [MQTT-3.1.2-7]
    async with client(broker.port) as watching:
        await subscribed(watching, "will/#")
        for number, retain in ((1, True), (2, False)):
            will = Will(f"will/{number}", b"%d" % number, retain=retain)
            async with client(broker.port, "hub", clean=False, will=will) as hub:
                hub.vanish()
                message = await watching.message()
                assert (message.topic, message.payload) == (will.topic, will.payload)
        async with client(broker.port) as late:
            assert [each.topic for each in await subscribed(late, "will/#")] == ["will/1"]


async def test_many_wills_at_once_all_arrive(broker: Broker) -> None:
    async with client(broker.port) as watching:
        await subscribed(watching, "will/#", qos=1)

        async def vanish(number: int) -> None:
            will = Will(f"will/{number}", b"gone", qos=1)
            async with client(broker.port, f"hub{number}", will=will) as hub:
                hub.vanish()

        await asyncio.gather(*map(vanish, range(30)))
        came = {each.topic for each in await take(watching, 30)}
        assert came == {f"will/{number}" for number in range(30)}
