"""From a real broker to a real browser: what passes, as the bytes that came, and what does not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from websockets.asyncio.client import ClientConnection, connect

from flashyard.contract import topics
from flashyard.contract.orders import Announce, Answer, Receipt
from flashyard.contract.phases import Status
from flashyard.contract.topics import MANNERS, Kind, build
from flashyard.link import Link
from flashyard_bridge.intake import Intake
from flashyard_bridge.live.fanout import Live
from flashyard_bridge.picture.fleet import Fleet
from support.brokers import Broker
from support.hub_script import HubScript, Published
from support.live_server import everything, heard, heard_until
from support.mqtt_peer import PUBLISH, MqttPeer, mqtt_peer
from support.served import ServedBridge, served_bridge
from support.waiting import until

JOB = "job_1703001234_abc123"


@dataclass
class _Bench:
    """A scripted hub on a link of its own, and a bridge on the same broker."""

    hub: HubScript
    link: Link
    bridge: ServedBridge

    def say(self, *said: Published | Iterable[Published]) -> None:
        for each in said:
            for one in [each] if isinstance(each, Published) else each:
                manners = MANNERS[one.topic.kind]
                self.publish(str(one.topic), one.payload, qos=manners.qos, retain=manners.retain)

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> None:
        assert self.link.publish(topic, payload, qos=qos, retain=retain)

    @asynccontextmanager
    async def watch(self) -> AsyncIterator[ClientConnection]:
        url = str(self.bridge.http.base_url).replace("http", "ws").rstrip("/")
        async with connect(f"{url}/flash-progress") as client:
            yield client


@pytest.fixture
async def bench(broker: Broker, tmp_path: Path) -> AsyncIterator[_Bench]:
    """A hub that answers every announce, and a bridge whose first picture is complete."""
    hub, made = HubScript(), list[_Bench]()

    def hear(_topic: str, payload: bytes, _retained: bool) -> None:  # noqa: FBT001 - the link's
        made[0].say(hub.record(), hub.presence(announced=Announce.decode(payload).now))

    link = Link(broker.url, "hub", on_message=hear, subscriptions=[(topics.ANNOUNCE, 1)])
    async with link:
        await link.wait_until_up(10)
        async with served_bridge(broker.url, tmp_path) as bridge:
            made.append(_Bench(hub, link, bridge))
            async with asyncio.timeout(15):
                await bridge.state.first_picture.wait()
            await until(bridge.state.fleet.devices)
            yield made[0]


def test_a_bridge_is_who_its_broker_knows_and_without_a_user_there_is_no_other_like_it() -> None:
    fleet = Fleet(lambda: 0, lambda: 0.0)
    live = Live(fleet.snapshot, lambda: 0)

    def client_id(url: str) -> str:
        return Intake(url, fleet, live, lambda: 0).link.client_id

    assert client_id("mqtt://bridge-a:secret@h") == "bridge-a"
    assert client_id("mqtt://h") != client_id("mqtt://h")


async def test_on_every_connection_the_hubs_are_asked_to_say_what_is_true(tmp_path: Path) -> None:
    async with mqtt_peer(MqttPeer()) as peer, served_bridge(peer.url, tmp_path):

        def announced() -> list[int]:
            topic = topics.ANNOUNCE.encode()
            said = [body.partition(topic)[2][2:] for body in peer.of_type(PUBLISH) if topic in body]
            return [Announce.decode(payload).now for payload in said]

        await until(lambda: len(announced()) == 1)
        peer.hang_up()
        await until(lambda: len(announced()) == 2)
        assert announced()[0] < announced()[1]


async def test_a_browser_gets_the_very_bytes_that_the_hub_published(bench: _Bench) -> None:
    async with bench.watch() as client:
        [event, *_] = bench.hub.start(JOB)
        odd = event.payload.replace(b'{"type"', b'{ "extra" : [1.50, "\\u00e9"] ,"type"')
        bench.publish(str(event.topic), odd)
        async with asyncio.timeout(10):
            assert str(await client.recv()).encode() == odd


async def test_a_story_told_over_mqtt_is_heard_whole(bench: _Bench) -> None:
    async with bench.watch() as client:
        story = []
        # One by one: a record that overtakes events would stand for them, whatever they said.
        for said, last in (
            (bench.hub.start, "flash_started"),
            (lambda _: bench.hub.pause(), "flash_paused"),
            (lambda _: bench.hub.resume(), "flash_resumed"),
            (lambda _: bench.hub.complete(), "flash_completed"),
        ):
            bench.say(said(JOB))
            story += await heard_until(client, last)
        # Where a record came before its event, the bridge told what the record says, too.
        story = [each for each in story if each.get("progress", 100) == 100 or "by" not in each]
        assert [message["type"].removeprefix("flash_") for message in story] == [
            "started",
            "paused",
            "resumed",
            "progress",
            "completed",
        ]
        assert await everything(client) == []


def _other_hub(payload: bytes) -> bytes:
    return payload.replace(b'"hubId":"bench-a"', b'"hubId":"bench-b"')


def _inner_device(payload: bytes) -> bytes:
    body = json.loads(payload)
    body["device"]["deviceId"] = "OTHER"
    return json.dumps(body).encode()


def _counted(intake: Intake, number: int) -> Callable[[], bool]:
    return lambda: intake.refused.total() == number


SPOILT: tuple[tuple[Kind, Callable[[bytes], bytes]], ...] = (
    (Kind.EVENT, lambda payload: payload[:-1]),
    (Kind.EVENT, lambda payload: payload.replace(b'"seq":1', b'"seq":"1"')),
    (Kind.EVENT, lambda payload: payload.replace(b'"seq":1', b'"seq":null')),
    (Kind.EVENT, lambda payload: payload.replace(b"PIXEL6_001", b"OTHER")),
    (Kind.EVENT, lambda payload: payload.replace(b"{", b'{"extra":NaN,', 1)),
    (Kind.EVENT, lambda payload: payload.replace(b"{", b'{"extra":"\xff",', 1)),
    (Kind.EVENT, lambda payload: payload.replace(b"{", b'{"x":"%s",' % (b"x" * 65_536), 1)),
    (Kind.EVENT, _other_hub),
    (Kind.DEVICE, _inner_device),
    (Kind.DEVICE, lambda payload: payload.replace(b'"rev":', b'"rev":-')),
    (Kind.RECEIPT, lambda _payload: b'{"orderId":"a"}'),
    (Kind.RECEIPT, lambda _payload: b"x" * 65_537),
    (Kind.RECORD, lambda payload: payload),
)


async def test_what_is_not_what_its_topic_says_is_counted_and_goes_nowhere(
    bench: _Bench, caplog: pytest.LogCaptureFixture
) -> None:
    intake = bench.bridge.intake
    [event, record] = bench.hub.start(JOB)
    async with bench.watch() as client:
        for number, (kind, spoil) in enumerate(SPOILT, 1):
            good = record if kind is Kind.DEVICE else event
            device = "PIXEL6_001" if MANNERS[kind].per_device else None
            bench.publish(build(kind, "bench-a", device), spoil(good.payload))
            await until(_counted(intake, number))
        assert await everything(client) == []
        bench.say(event, record)
        assert (await heard(client, 1))[0]["type"] == "flash_started", "and the link goes on"
    warnings = [r.getMessage() for r in caplog.records if r.name == "flashyard_bridge.intake"]
    assert len(warnings) == 4, "the 1st, 2nd, 4th and 8th: a broken hub does not fill the log"
    assert all("flashyard/v1/bench-a/" in warning for warning in warnings)


async def test_a_receipt_reaches_the_order_that_waits_for_it(bench: _Bench) -> None:
    heard_of: list[tuple[str, Answer]] = []

    def note(hub_id: str, answer: Answer) -> None:
        heard_of.append((hub_id, answer))

    bench.bridge.intake.orders.answered = note  # type: ignore[method-assign]
    receipt = Receipt(order_id="o1", accepted=True, job_id=JOB, status=Status.RUNNING)
    bench.publish(build(Kind.RECEIPT, "bench-a"), receipt.encode())
    await until(lambda: heard_of == [("bench-a", receipt)])


async def test_an_empty_retained_payload_removes_what_it_stood_for(bench: _Bench) -> None:
    fleet = bench.bridge.state.fleet
    bench.publish(build(Kind.DEVICE, "bench-a", "PIXEL6_001"), b"", retain=True)
    await until(lambda: not fleet.devices())
    bench.publish(build(Kind.PRESENCE, "bench-a"), b"", retain=True)
    await until(lambda: not fleet.hubs())


async def test_a_hub_that_has_just_come_is_told_the_bridges_clock(
    broker: Broker, tmp_path: Path
) -> None:
    asked: list[int] = []

    def hear(_topic: str, payload: bytes, _retained: bool) -> None:  # noqa: FBT001 - the link's
        asked.append(Announce.decode(payload).now)

    async with served_bridge(broker.url, tmp_path) as bridge:
        async with asyncio.timeout(15):
            await bridge.state.first_picture.wait()
        link = Link(broker.url, "hub", on_message=hear, subscriptions=[(topics.ANNOUNCE, 1)])
        async with link:
            await link.wait_until_up(10)
            presence = HubScript().presence()
            assert link.publish(str(presence.topic), presence.payload, qos=1, retain=True)
            await until(lambda: asked)
