from __future__ import annotations

import asyncio
from itertools import count
from pathlib import Path

import pytest

from support.brokers import Broker, free_port, mosquitto
from support.listener import Listener
from support.mqtt_peer import PUBLISH, MqttPeer, mqtt_peer
from support.waiting import until

WITHIN = 10.0


async def test_what_is_kept_is_not_lost_over_a_broker_restart_and_stays_in_order(
    broker: Broker,
) -> None:
    newcomer = Listener()
    async with Listener().link(broker.url, "hub", keep_unsent=True) as hub:
        await hub.wait_until_up(WITHIN)
        await broker.stop()
        await until(lambda: not hub.is_up)
        for number in range(50):
            assert hub.publish(f"yard/{number:02}", b"kept", qos=1, retain=True)
            assert hub.publish("yard/last", b"%d" % number, qos=1, retain=True)
        await broker.start()
        assert await hub.publish_and_confirm("yard/end", b"end", retain=True, within=WITHIN)
        each = [*(f"yard/{number:02}" for number in range(50)), "yard/last", "yard/end"]
        async with newcomer.link(broker.url, "newcomer", *((topic, 1) for topic in each)):
            await until(lambda: len(newcomer.messages) == 52)
    found = {topic: payload for topic, payload, _ in newcomer.messages}
    assert found.pop("yard/end") == b"end"
    assert found.pop("yard/last") == b"49"
    assert found == {f"yard/{number:02}": b"kept" for number in range(50)}
    assert hub.dropped == 0


async def test_what_is_not_kept_is_refused_while_down_and_never_sent_later(broker: Broker) -> None:
    newcomer = Listener()
    async with Listener().link(broker.url, "bridge") as bridge:
        await bridge.wait_until_up(WITHIN)
        await broker.stop()
        await until(lambda: not bridge.is_up)
        assert not bridge.publish("yard/order", b"stale", qos=1, retain=True)
        assert not await bridge.publish_and_confirm("yard/order", b"stale", retain=True)
        assert bridge.dropped == 2
        await broker.start()
        await bridge.wait_until_up(WITHIN)
        assert await bridge.publish_and_confirm("yard/fresh", b"fresh", retain=True)
        topics = [("yard/order", 1), ("yard/fresh", 1)]
        async with newcomer.link(broker.url, "newcomer", *topics):
            await until(lambda: newcomer.messages)
    assert newcomer.messages == [("yard/fresh", b"fresh", True)]


@pytest.mark.parametrize("keep", [True, False])
async def test_an_unacknowledged_message_is_sent_again_only_if_it_is_kept(
    keep: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    peer = MqttPeer(pubacks=False)
    async with mqtt_peer(peer), Listener().link(peer.url, "hub", keep_unsent=keep) as link:
        await link.wait_until_up(WITHIN)
        waiting = asyncio.create_task(link.publish_and_confirm("yard/a", b"1", within=WITHIN))
        await until(lambda: peer.of_type(PUBLISH))
        peer.hang_up()
        peer.pubacks = True
        await until(lambda: link.connections == 2)
        assert await waiting is keep
        assert await link.publish_and_confirm("yard/b", b"2", within=WITHIN)
    assert len(peer.of_type(PUBLISH)) == (3 if keep else 2)
    assert link.dropped == (0 if keep else 1)


async def test_a_puback_that_does_not_come_is_not_waited_for_for_ever() -> None:
    peer = MqttPeer(pubacks=False)
    async with mqtt_peer(peer), Listener().link(peer.url, "hub") as link:
        await link.wait_until_up(WITHIN)
        assert not await link.publish_and_confirm("yard/a", b"1", within=0.1)


async def test_last_words_get_their_time_in_a_task_that_is_being_cancelled() -> None:
    peer = MqttPeer(pubacks=False)
    up = asyncio.Event()
    confirmed: list[bool] = []

    async def live() -> None:
        async with Listener().link(peer.url, "hub") as link:
            await link.wait_until_up(WITHIN)
            up.set()
            try:
                await asyncio.Event().wait()
            finally:
                confirmed.append(await link.publish_and_confirm("yard/a", b"bye", within=0.1))

    async with mqtt_peer(peer):
        task = asyncio.create_task(live())
        await up.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert confirmed == [False]


async def test_what_waits_for_a_broker_is_bounded() -> None:
    url = f"mqtt://127.0.0.1:{free_port()}"
    async with Listener().link(url, "hub", keep_unsent=True, max_queued=5) as link:
        taken = [link.publish("yard/event", b"1", qos=1) for _ in range(8)]
    assert taken == [True] * 5 + [False] * 3
    assert link.dropped == 3


async def test_a_sample_is_dropped_while_down() -> None:
    url = f"mqtt://127.0.0.1:{free_port()}"
    async with Listener().link(url, "hub", keep_unsent=True) as link:
        assert not link.publish("yard/progress", b"1")
        assert link.dropped == 1


async def test_samples_for_a_broker_that_does_not_read_are_bounded(tmp_path: Path) -> None:
    broker = mosquitto(tmp_path)
    await broker.start()
    try:
        async with Listener().link(broker.url, "hub", max_queued=10) as link:
            await link.wait_until_up(WITHIN)
            broker.freeze()
            for _ in count():
                if not link.publish("yard/progress", bytes(65_000)):
                    break
                await asyncio.sleep(0)
            broker.thaw()
            await until(lambda: link.publish("yard/progress", b"again"))
    finally:
        await broker.stop()
