"""What hub and bridge rely on, of any broker."""

from __future__ import annotations

import asyncio

from support.brokers import Broker
from support.listener import Listener
from support.waiting import until

WITHIN = 10.0
EVENTS = ("yard/+/event", 1)
BURST = [b"%d" % number for number in range(2000)]


async def test_a_burst_of_events_arrives_complete_and_in_order(broker: Broker) -> None:
    bridge = Listener()
    async with (
        bridge.link(broker.url, "bridge", EVENTS) as reading,
        Listener().link(broker.url, "hub", max_queued=len(BURST)) as hub,
    ):
        await reading.wait_until_up(WITHIN)
        await hub.wait_until_up(WITHIN)
        assert all(hub.publish("yard/1/event", payload, qos=1) for payload in BURST)
        await until(lambda: len(bridge.messages) == len(BURST), within=60)
    assert bridge.payloads == BURST


async def test_nothing_is_lost_while_others_subscribe_and_leave(broker: Broker) -> None:
    bridge = Listener()

    async def come_and_go() -> None:
        for number in range(30):
            own = (f"yard/{number}/+", 1)
            async with Listener().link(broker.url, f"viewer{number}", EVENTS, own) as viewer:
                await viewer.wait_until_up(WITHIN)

    async with (
        bridge.link(broker.url, "bridge", EVENTS) as reading,
        Listener().link(broker.url, "hub", max_queued=len(BURST)) as hub,
    ):
        await reading.wait_until_up(WITHIN)
        await hub.wait_until_up(WITHIN)
        viewers = asyncio.create_task(come_and_go())
        for payload in BURST:
            assert hub.publish("yard/1/event", payload, qos=1)
            await asyncio.sleep(0)
        await viewers
        await until(lambda: len(bridge.messages) == len(BURST), within=60)
    assert bridge.payloads == BURST


async def test_everybody_who_comes_while_others_subscribe_is_served_at_once(
    broker: Broker,
) -> None:
    viewers = [Listener() for _ in range(40)]
    retained = 50 if broker.able.keeps_to_wildcards else 0

    async def visit(number: int) -> None:
        async with viewers[number].link(
            broker.url, f"viewer{number}", (f"yard/{number}/event", 1), ("yard/+/record", 1)
        ) as link:
            await link.wait_until_up(WITHIN)
            await until(lambda: len(viewers[number].messages) == retained)
            await everybody.wait()

    everybody = asyncio.Barrier(len(viewers))
    async with Listener().link(broker.url, "hub", ("yard/#", 1)) as hub:
        await hub.wait_until_up(WITHIN)
        for number in range(50):
            assert await hub.publish_and_confirm(f"yard/{number}/record", b"r", retain=True)
        async with asyncio.TaskGroup() as group:
            for number in range(len(viewers)):
                group.create_task(visit(number))
                await asyncio.sleep(0.001)
    # One "up", and each retained record once: nobody had to come twice, nobody was sent more.
    assert all(viewer.story[0] == "up" for viewer in viewers)
    assert {len(viewer.story) for viewer in viewers} == {1 + retained}


async def test_nobody_is_sent_what_only_others_subscribed_to(broker: Broker) -> None:
    hub, bridge = Listener(), Listener()
    async with bridge.link(broker.url, "bridge", ("yard/#", 1)) as link:
        await link.wait_until_up(WITHIN)
        assert await link.publish_and_confirm("yard/secret/record", b"r", retain=True)
        async with hub.link(broker.url, "hub", ("yard/own/order", 1)) as own:
            await own.wait_until_up(WITHIN)
            assert await link.publish_and_confirm("yard/own/order", b"o")
            await until(lambda: hub.messages)
    assert hub.story == ["up", ("yard/own/order", b"o", False)]
