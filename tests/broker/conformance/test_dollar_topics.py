"""MQTT 3.1.1, 4.7.2: topics that begin with `$` are the broker's own."""

from __future__ import annotations

import pytest

from support.brokers import Broker
from support.conversation import embedded_only, payloads, subscribed, tell
from support.raw_mqtt import Will, client, publish

OWN = ("$SYS/broker/uptime", "$x", "$x/y", "$/y")


@pytest.mark.parametrize("wildcard", ["#", "+", "+/y", "+/broker/uptime", "+/#"])
async def test_a_leading_wildcard_does_not_match_them(broker: Broker, wildcard: str) -> None:
    # [MQTT-4.7.2-1]
    async with client(broker.port) as subscriber, client(broker.port) as publisher:
        await subscribed(subscriber, wildcard)
        for topic in OWN:
            await tell(publisher, topic, b"not for you")
        await tell(publisher, "y", b"control")
        expected = [b"control"] if wildcard in {"#", "+", "+/#"} else []
        assert await payloads(subscriber) == expected


async def test_a_leading_wildcard_does_not_match_what_is_retained_of_them(broker: Broker) -> None:
    # [MQTT-4.7.2-1]
    async with client(broker.port) as subscriber, client(broker.port) as publisher:
        for topic in OWN:
            await tell(publisher, topic, b"not for you", retain=True)
        assert await subscribed(subscriber, "#", "+/y", "+/broker/uptime") == []


@embedded_only  # Mosquitto lets clients use what is not $SYS
@pytest.mark.parametrize("qos", [0, 1, 2])
async def test_clients_cannot_exchange_messages_on_them(broker: Broker, qos: int) -> None:
    # 4.7.2: the server should prevent it
    async with client(broker.port) as subscriber, client(broker.port) as publisher:
        await subscribed(subscriber, *OWN, "$x/#")
        for topic in OWN:
            await tell(publisher, topic, b"forged", qos=qos)
            await tell(publisher, topic, b"forged", qos=qos, retain=True)
        assert await subscriber.silent() == []
        assert await subscribed(subscriber, *OWN, "$x/#") == []


@embedded_only  # Mosquitto lets clients use what is not $SYS
async def test_a_will_is_not_published_on_them(broker: Broker) -> None:
    # 4.7.2
    async with client(broker.port) as subscriber:
        await subscribed(subscriber, "$x/y")
        async with client(broker.port, "hub", will=Will("$x/y", b"forged")) as hub:
            hub.vanish()
        async with client(broker.port, "hub") as hub:  # the old one is over for certain
            await hub.silent()
        assert await subscriber.silent() == []


async def test_a_dollar_further_on_is_a_letter_as_any_other(broker: Broker) -> None:
    # 4.7.2: only the first character counts
    async with client(broker.port) as raw:
        await subscribed(raw, "#")
        for topic in ("a$", "a/$SYS", "/$x"):
            await raw.send(publish(topic, b"x"))
            assert (await raw.message()).topic == topic
