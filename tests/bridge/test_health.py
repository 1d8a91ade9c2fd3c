"""What the two probes say, before and after the first picture."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path

import pytest

from flashyard.contract.faults import Code
from flashyard.contract.records import Unrecorded
from flashyard.contract.topics import MANNERS
from flashyard.contract.troubles import Quarantine, Trouble
from flashyard.link import Link
from support.brokers import Broker
from support.hub_script import HubScript, Published
from support.mqtt_peer import CONNECT, MqttPeer, mqtt_peer
from support.scripted_hub import ScriptedHub
from support.served import served_bridge
from support.waiting import until

JOB = "job_1703001234_abc123"


def _say(link: Link, *said: Published | Iterable[Published]) -> None:
    for each in said:
        for one in [each] if isinstance(each, Published) else each:
            manners = MANNERS[one.topic.kind]
            link.publish(str(one.topic), one.payload, qos=manners.qos, retain=manners.retain)


async def test_health_has_exactly_the_documented_keys_and_what_was_added(
    broker: Broker, tmp_path: Path
) -> None:
    hub = HubScript()
    async with (
        Link(broker.url, "hub-bench-a", on_message=lambda *_: None) as link,
        served_bridge(broker.url, tmp_path) as served,
    ):
        await link.wait_until_up(10)
        await until(lambda: served.state.link.is_up)
        _say(link, hub.presence(), hub.record(), hub.start(JOB), hub.queue(JOB[:-1] + "4"))
        await served.state.first_picture.wait()
        await until(lambda: len(served.state.fleet.jobs()) == 2)
        reply = await served.http.get("/health")
        assert reply.status_code == 200
        told = reply.json()
        port = told["websocket"].pop("port")
        assert served.http.base_url.port == port
        assert told == {
            "status": "ok",
            "websocket": {"connected_clients": 0},
            "active_jobs": 2,
            "broker": "connected",
            "database": "connected",
            "history": {"waiting": 0, "unrecorded": []},
            "audit": {"waiting": 0, "lost": 0},
            "hubs": {"online": 1, "known": 1},
            "troubles": [],
        }


async def test_a_broker_that_refuses_our_credentials_degrades_health_and_is_asked_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with mqtt_peer(MqttPeer(connack=5)) as peer:
        url = peer.url.replace("://", "://bridge-a:hunter2@")
        async with served_bridge(url, tmp_path) as served:
            await until(lambda: "does not know the user" in served.state.link.down_reason)
            reply = await served.http.get("/health")
            assert (reply.status_code, reply.json()["status"]) == (503, "degraded")
            assert reply.json()["broker"] == "unreachable"
            assert "hunter2" not in reply.text + caplog.text
            peer.connack = 0
            await until(lambda: served.state.link.is_up)
            assert (await served.http.get("/health")).status_code == 200
            assert b"bridge-a" in peer.of_type(CONNECT)[-1]


async def test_ready_is_503_before_the_first_picture_and_200_after(
    broker: Broker, tmp_path: Path
) -> None:
    await broker.stop()
    async with served_bridge(broker.url, tmp_path) as served:
        reply = await served.http.get("/api/v1/ready")
        assert (reply.status_code, reply.json()["ok"]) == (503, False)
        await broker.start()
        async with asyncio.timeout(20):
            await served.state.first_picture.wait()
        reply = await served.http.get("/api/v1/ready")
        assert (reply.status_code, reply.json()["ok"]) == (200, True)
        assert reply.json()["apiVersion"] == "v1"
        assert reply.json()["featureFlags"] == {"flashOperationsEnabled": True}
        await broker.stop()
        assert (await served.http.get("/api/v1/ready")).status_code == 200, "it stays known"
        await until(lambda: not served.state.link.is_up)
        assert (await served.http.get("/health")).json()["broker"] == "unreachable"


async def test_a_hubs_trouble_is_told_and_degrades_health_which_still_answers_200(
    broker: Broker, tmp_path: Path
) -> None:
    trouble = Trouble(code=Code.DISK_FULL, error="The journal cannot be written.", since=5)
    async with (
        ScriptedHub(broker.url) as hub,
        served_bridge(broker.url, tmp_path) as served,
    ):
        hub.troubles = (trouble,)
        hub.plug(
            "BROKEN", quarantine=Quarantine(since=1, faults=3, code=Code.LINK_LOST, error="Off.")
        )
        hub.say_presence()
        fleet = served.state.fleet
        await until(lambda: fleet.find("BROKEN") and fleet.hubs()[0].troubles)
        reply = await served.http.get("/health")
        assert (reply.status_code, reply.json()["status"]) == (200, "degraded")
        assert reply.json()["troubles"] == [
            {
                "hub_id": "bench-a",
                "code": "disk_full",
                "error": "The journal cannot be written.",
                "since": 5,
            }
        ]
        told = (await served.http.get("/metrics")).text
        assert 'flashyard_hub_troubles{code="disk_full"} 1.0' in told
        assert "flashyard_devices_quarantined 1.0" in told
        hub.say_presence(online=False)
        await until(lambda: not fleet.hubs()[0].online)
        told = (await served.http.get("/health")).json()
        assert (told["status"], told["troubles"]) == ("ok", []), (
            "of one that is gone nothing is known"
        )


async def test_what_hubs_have_and_no_history_is_told_and_degrades_health_once_it_is_old(
    broker: Broker, tmp_path: Path
) -> None:
    async with (
        ScriptedHub(broker.url) as hub,
        served_bridge(broker.url, tmp_path) as served,
    ):
        fleet = served.state.fleet
        for age, status in ((60, "ok"), (3700, "degraded")):
            since = served.state.now() - age * 1000
            hub.unrecorded = Unrecorded(waiting=3, since=since, lost=2)
            hub.say_presence()
            await until(lambda: fleet.hubs() and fleet.hubs()[0].unrecorded == hub.unrecorded)
            reply = await served.http.get("/health")
            assert (reply.status_code, reply.json()["status"]) == (200, status)
            told = {"hub_id": "bench-a", "waiting": 3, "since": since, "lost": 2}
            assert reply.json()["history"]["unrecorded"] == [told]
            [listed] = (await served.http.get("/api/hubs")).json()["hubs"]
            assert listed["unrecorded"] == {"waiting": 3, "since": since, "lost": 2}
        metrics = (await served.http.get("/metrics")).text
        assert 'flashyard_hub_records{state="waiting"} 3.0' in metrics
        assert 'flashyard_hub_records{state="lost"} 2.0' in metrics
