from __future__ import annotations

import asyncio
import logging
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest

from flashyard.contract.faults import Code, FaultError
from flashyard.link import Link, Will
from support.brokers import Broker, free_port, mosquitto
from support.listener import Listener
from support.mqtt_peer import CONNECT, DISCONNECT, SUBSCRIBE, MqttPeer, mqtt_peer
from support.waiting import until

WITHIN = 10.0
EVERYTHING = ("yard/#", 1)
_HUB = """
import asyncio, sys
from flashyard.link import Link, Will

async def live() -> None:
    link = Link(sys.argv[1], "hub", on_message=print, will=Will("yard/presence", b"offline"))
    async with link:
        await link.wait_until_up(10)
        await link.publish_and_confirm("yard/presence", b"online", retain=True)
        print("up", flush=True)
        await asyncio.Event().wait()

asyncio.run(live())
"""


async def test_a_hub_that_is_killed_is_told_to_be_offline_at_once_and_for_newcomers(
    broker: Broker,
) -> None:
    viewer, newcomer = Listener(), Listener()
    async with viewer.link(broker.url, "viewer", EVERYTHING):
        hub = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _HUB, broker.url, stdout=PIPE
        )
        assert hub.stdout is not None
        assert await hub.stdout.readline() == b"up\n"
        await until(lambda: b"online" in viewer.payloads)
        hub.kill()
        await hub.communicate()
        # The keep-alive, 15 s, has no part in this: the kernel closes a killed process's socket.
        await until(lambda: viewer.payloads[-1] == b"offline", within=5)
        async with newcomer.link(broker.url, "newcomer", ("yard/presence", 1)):
            await until(lambda: ("yard/presence", b"offline", True) in newcomer.messages)


async def test_a_link_left_in_order_has_said_everything_and_publishes_no_will(
    broker: Broker,
) -> None:
    viewer = Listener()
    will = Will("yard/presence", b"offline")
    async with viewer.link(broker.url, "viewer", EVERYTHING) as watching:
        await watching.wait_until_up(WITHIN)
        async with Listener().link(broker.url, "hub", will=will) as link:
            await link.wait_until_up(WITHIN)
            for number in range(100):
                link.publish("yard/progress", b"%d" % number)
            assert await link.publish_and_confirm("yard/event", b"bye")
        async with Listener().link(broker.url, "after", will=will) as link:
            await link.wait_until_up(WITHIN)
            assert await link.publish_and_confirm("yard/event", b"after")
        await until(lambda: len(viewer.payloads) == 102)
    told: dict[str, list[bytes]] = {"yard/progress": [], "yard/event": []}
    for topic, payload, _ in viewer.messages:  # in order for each topic and QoS only
        told[topic].append(payload)
    assert told["yard/progress"] == [b"%d" % number for number in range(100)]
    assert told["yard/event"] == [b"bye", b"after"]


async def test_a_link_left_by_an_error_leaves_its_will(broker: Broker) -> None:
    async def fail() -> None:
        will = Will("yard/presence", b"offline")
        async with Listener().link(broker.url, "hub", will=will) as link:
            await link.wait_until_up(WITHIN)
            raise ZeroDivisionError

    viewer = Listener()
    async with viewer.link(broker.url, "viewer", EVERYTHING) as watching:
        await watching.wait_until_up(WITHIN)
        with pytest.raises(ZeroDivisionError):
            await fail()
        await until(lambda: viewer.payloads == [b"offline"])


async def test_a_link_without_a_will_says_goodbye_whatever_it_is_left_by() -> None:
    async def fail(url: str) -> None:
        async with Listener().link(url, "bridge") as link:
            await link.wait_until_up(WITHIN)
            raise ZeroDivisionError

    async with mqtt_peer(MqttPeer()) as peer:
        with pytest.raises(ZeroDivisionError):
            await fail(peer.url)
        await until(lambda: peer.of_type(DISCONNECT))


async def test_what_is_retained_reaches_a_newcomer_marked_as_retained(broker: Broker) -> None:
    old, new, exact = Listener(), Listener(), Listener()
    async with old.link(broker.url, "old", EVERYTHING) as link:
        await link.wait_until_up(WITHIN)
        assert await link.publish_and_confirm("yard/kept", b"1", retain=True)
        assert await link.publish_and_confirm("yard/cleared", b"1", retain=True)
        assert await link.publish_and_confirm("yard/cleared", b"", retain=True)
        async with (
            exact.link(broker.url, "exact", ("yard/kept", 1), ("yard/cleared", 1)),
            new.link(broker.url, "new", EVERYTHING) as newcomer,
        ):
            await until(lambda: exact.messages)
            await until(lambda: new.messages or not broker.able.keeps_to_wildcards)
            await newcomer.wait_until_up(WITHIN)
            assert await newcomer.publish_and_confirm("yard/live", b"2")
            await until(lambda: b"2" in new.payloads and len(old.messages) == 4)
    kept = ("yard/kept", b"1", True)
    assert exact.story == ["up", kept]
    to_wildcard = [kept] if broker.able.keeps_to_wildcards else []
    assert new.story == ["up", *to_wildcard, ("yard/live", b"2", False)]
    assert not any(retained for _, _, retained in old.messages)


async def test_after_a_broker_restart_a_link_subscribes_again_before_it_says_up(
    broker: Broker,
) -> None:
    listener = Listener()
    async with listener.link(broker.url, "hub", EVERYTHING) as link:
        await link.wait_until_up(WITHIN)
        await broker.stop()
        await until(lambda: not link.is_up)
        await broker.start()
        await until(lambda: link.is_up)
        assert link.publish("yard/self", b"heard", qos=1)
        await until(lambda: listener.messages)
    assert listener.story == ["up", "down", "up", ("yard/self", b"heard", False)]
    assert link.connections == 2


async def test_the_largest_payload_passes(broker: Broker) -> None:
    listener = Listener()
    payload = bytes(range(256)) * 256
    async with listener.link(broker.url, "hub", EVERYTHING) as link:
        await link.wait_until_up(WITHIN)
        assert await link.publish_and_confirm("yard/record", payload)
        await until(lambda: listener.payloads == [payload])


async def test_of_two_links_of_one_client_id_the_older_is_told_and_nobody_else_is_harmed(
    broker: Broker,
) -> None:
    older, newer, third = Listener(), Listener(), Listener()
    async with (
        third.link(broker.url, "third", EVERYTHING) as witness,
        older.link(broker.url, "same", EVERYTHING) as first,
    ):
        await witness.wait_until_up(WITHIN)
        await first.wait_until_up(WITHIN)
        async with newer.link(broker.url, "same", EVERYTHING) as second:
            await until(lambda: second.connections and "down" in older.story)
        await first.wait_until_up(WITHIN)
        assert await witness.publish_and_confirm("yard/event", b"still here")
        await until(lambda: older.payloads == third.payloads == [b"still here"])


async def test_a_broker_that_stops_answering_is_noticed(tmp_path: Path) -> None:
    broker = mosquitto(tmp_path)
    await broker.start()
    try:
        async with Listener().link(broker.url, "hub", keepalive=1) as link:
            await link.wait_until_up(WITHIN)
            broker.freeze()
            await until(lambda: not link.is_up)
            broker.thaw()
            await until(lambda: link.is_up)
    finally:
        await broker.stop()


async def test_waiting_for_a_broker_that_is_not_there_ends_in_a_fault_that_says_why() -> None:
    async with Listener().link(f"mqtt://127.0.0.1:{free_port()}", "cli") as link:
        with pytest.raises(FaultError) as refusal:
            await link.wait_until_up(0.2)
    assert refusal.value.fault.code is Code.BROKER_UNREACHABLE
    assert "Connection refused" in (refusal.value.fault.details or "")


@pytest.mark.parametrize(
    ("peer", "reason"),
    [
        (MqttPeer(connack=5), "refused the connection: Not authorized"),
        (MqttPeer(suback=0x80), "refused the subscription to yard/#"),
        (MqttPeer(connack=None), "does not answer"),
        (MqttPeer(suback=None), "does not answer"),
    ],
    ids=["unauthorised", "no such subscription", "no CONNACK", "no SUBACK"],
)
async def test_a_link_is_not_up_before_the_broker_has_granted_everything(
    peer: MqttPeer, reason: str
) -> None:
    listener = Listener()
    async with (
        mqtt_peer(peer),
        listener.link(peer.url, "hub", EVERYTHING, connect_timeout=0.2) as link,
    ):
        await until(lambda: reason in link.down_reason)
        assert not link.is_up
        peer.connack, peer.suback = 0, 1
        await until(lambda: link.is_up)
    assert listener.story == ["up"]


async def test_messages_that_overtake_the_suback_come_after_up() -> None:
    listener = Listener()
    async with (
        mqtt_peer(MqttPeer(suback=None)) as peer,
        listener.link(peer.url, "hub", EVERYTHING) as link,
    ):
        await until(lambda: peer.of_type(SUBSCRIBE))
        peer.say(b"\x31\x08\x00\x06yard/a" + b"\x90\x03" + peer.of_type(SUBSCRIBE)[0][:2] + b"\x01")
        await link.wait_until_up(WITHIN)
    assert listener.story == ["up", ("yard/a", b"", True)]


async def test_garbage_from_the_server_costs_the_connection_and_nothing_else() -> None:
    async with mqtt_peer(MqttPeer()) as peer, Listener().link(peer.url, "hub", EVERYTHING) as link:
        await link.wait_until_up(WITHIN)
        peer.say(b"\x30\x03\x00\x09x")
        await until(lambda: link.connections == 2)
        await link.wait_until_up(WITHIN)


async def test_bad_input_to_a_callback_is_counted_and_the_link_goes_on(
    broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    payloads: list[int] = []
    async with Link(
        broker.url,
        "hub",
        on_message=lambda _topic, payload, _retained: payloads.append(int(payload)),
        subscriptions=[EVERYTHING],
    ) as link:
        await link.wait_until_up(WITHIN)
        for payload in (b"1", b"one", b"uno", b"eins", b"2"):
            link.publish("yard/number", payload, qos=1)
        await until(lambda: payloads == [1, 2])
    assert link.callback_errors == 3
    told = [record for record in caplog.records if record.exc_info]
    assert len(told) == 2, "the 1st and the 2nd; the next would be the 4th"


async def test_a_defect_in_a_callback_ends_the_body_and_is_not_swallowed(broker: Broker) -> None:
    def defective(topic: str, payload: bytes, retained: bool) -> None:  # noqa: FBT001
        raise KeyError(topic, payload, retained)

    async def live() -> None:
        async with Link(broker.url, "x", on_message=defective, subscriptions=[EVERYTHING]) as link:
            await link.wait_until_up(WITHIN)
            link.publish("yard/event", b"1", qos=1)
            await asyncio.Event().wait()

    with pytest.raises(ExceptionGroup) as crash:
        await asyncio.wait_for(live(), WITHIN)
    assert crash.group_contains(KeyError)


async def test_a_link_leaves_no_task_behind_and_can_be_entered_again(broker: Broker) -> None:
    link = Listener().link(broker.url, "hub", EVERYTHING)
    before = asyncio.all_tasks()
    for _ in range(2):
        async with link:
            await link.wait_until_up(WITHIN)
            assert any(task.get_name() == "link hub" for task in asyncio.all_tasks())
        assert not link.is_up
        assert {task for task in asyncio.all_tasks() if task.get_name() == "link hub"} == set()
    await until(lambda: asyncio.all_tasks() <= before)


async def test_credentials_reach_the_broker_and_no_log_and_no_text(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    async with mqtt_peer(MqttPeer()) as peer:
        url = f"mqtt://yardhub:hunter2@127.0.0.1:{peer.port}"
        async with Listener().link(url, "hub") as link:
            await link.wait_until_up(WITHIN)
            peer.hang_up()
            await until(lambda: link.connections == 2)
    assert b"hunter2" in peer.of_type(CONNECT)[0]
    for text in (repr(link), str(link.address), repr(link.address), caplog.text):
        assert "hunter2" not in text
        assert "yardhub" not in text
