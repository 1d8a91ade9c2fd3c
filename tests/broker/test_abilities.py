"""In what the brokers differ, as `docs/brokers.md` says, and that our topics do not mind it."""

from __future__ import annotations

from flashyard.contract.topics import Kind, Topic, build, parse
from support.brokers import Broker
from support.listener import Listener
from support.waiting import until

WITHIN = 10.0


async def test_an_id_with_dots_and_colons_arrives_as_it_was_sent(broker: Broker) -> None:
    sent = Topic(Kind.EVENT, "bench-a", "192.168.7.2:5554@dock_1.a")
    bridge = Listener()
    everything = ("flashyard/v1/+/device/+/event", 1)
    async with bridge.link(broker.url, "bridge", everything) as link:
        await link.wait_until_up(WITHIN)
        assert await link.publish_and_confirm(build(*sent), b"event")
        await until(lambda: bridge.messages)
    [(topic, _, _)] = bridge.messages
    assert parse(topic) == sent


async def test_a_dot_that_is_not_encoded_is_in_the_brokers_hands(broker: Broker) -> None:
    listener = Listener()
    async with listener.link(broker.url, "bridge", ("yard/#", 1)) as link:
        await link.wait_until_up(WITHIN)
        arrived = await link.publish_and_confirm("yard/a.b", b"event", within=WITHIN)
        if broker.able.dot:
            await until(lambda: listener.messages)
        else:
            await until(lambda: "down" in listener.story)
    assert arrived is bool(broker.able.dot)
    heard = [topic for topic, _, _ in listener.messages]
    assert heard == ([f"yard/a{broker.able.dot}b"] if arrived else [])


async def test_what_is_retained_outlives_the_broker_only_where_the_page_says_so(
    broker: Broker,
) -> None:
    async with Listener().link(broker.url, "before") as hub:
        await hub.wait_until_up(WITHIN)
        assert await hub.publish_and_confirm("yard/old", b"old", retain=True)
    await broker.restart()
    newcomer = Listener()
    async with Listener().link(broker.url, "after") as hub:
        await hub.wait_until_up(WITHIN)
        assert await hub.publish_and_confirm("yard/new", b"new", retain=True)
    # Two subscriptions are answered in either order.
    wanted = {b"old", b"new"} if broker.able.keeps_over_restart else {b"new"}
    async with newcomer.link(broker.url, "newcomer", ("yard/old", 1), ("yard/new", 1)):
        await until(lambda: wanted <= set(newcomer.payloads))
    assert set(newcomer.payloads) == wanted
