"""What a monitor reads at /metrics, of a real bridge and its real broker."""

from __future__ import annotations

from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from websockets.asyncio.client import connect

import flashyard
from flashyard.contract.topics import ROOT
from flashyard.link import Link
from support.brokers import mosquitto
from support.rig import Rig
from support.served import ServedBridge, served_bridge
from support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

Told = dict[tuple[str, str], float]


async def read(bridge: ServedBridge) -> Told:
    """Read all values, by name and the label's value; nothing may be told twice."""
    answer = await bridge.http.get("/metrics")
    assert answer.status_code == 200
    told: Told = {}
    for family in text_string_to_metric_families(answer.text):
        assert family.documentation
        assert family.type in {"counter", "gauge"}
        for sample in family.samples:
            key = (sample.name, "".join(sample.labels.values()))
            assert key not in told
            told[key] = sample.value
    return told


def clients_of(bridge: ServedBridge) -> float | None:
    for family in bridge.intake.broker.families():
        if family.name == "flashyard_broker_clients_connected":
            return float(family.samples[0].value)
    return None


async def test_it_is_prometheus_text(rig: Rig) -> None:
    answer = await rig.http.get("/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert answer.text.endswith("\n")
    told = await read(rig.bridge)
    assert told["flashyard_info", flashyard.__version__] == 1
    assert told["process_resident_memory_bytes", ""] > 1_000_000


async def test_head_says_the_same_without_a_body_and_other_methods_are_refused(rig: Rig) -> None:
    answer = await rig.http.head("/metrics")
    assert (answer.status_code, answer.content) == (200, b"")
    answer = await rig.http.post("/metrics")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")
    assert answer.json()["code"] == "method_not_allowed"


async def test_jobs_devices_hubs_and_images_are_those_of_rest(rig: Rig) -> None:
    before = await read(rig.bridge)
    await rig.start(deviceId=await rig.plug())
    device = await rig.plug()
    await rig.upload(b"A" * 5000)
    told = await read(rig.bridge)
    assert told["flashyard_ready", ""] == 1
    assert told["flashyard_hubs", "online"] == 1
    assert told["flashyard_devices", "online"] == before["flashyard_devices", "online"] + 2
    assert told["flashyard_images", ""] == before["flashyard_images", ""] + 1
    assert told["flashyard_images_bytes", ""] == before["flashyard_images_bytes", ""] + 5000
    active = [told["flashyard_jobs", status] for status in ("queued", "running", "paused")]
    health = (await rig.http.get("/health")).json()
    assert sum(active) == health["active_jobs"]
    rig.hub.plug(device, online=False)
    await until(lambda: not rig.bridge.state.fleet.find(device)[0].online)
    gone = await read(rig.bridge)
    assert gone["flashyard_devices", "online"] == told["flashyard_devices", "online"] - 1
    assert gone["flashyard_devices", "offline"] == told["flashyard_devices", "offline"] + 1


async def test_messages_are_counted_by_what_they_are_and_refused_ones_by_why(rig: Rig) -> None:
    before = await read(rig.bridge)
    assert rig.bridge.state.link.publish(f"{ROOT}/bench-a/presence", b"{nonsense", qos=1)
    refused = rig.bridge.intake.refused
    await until(lambda: refused.total() > before["flashyard_reports_refused_total", "body"])
    told = await read(rig.bridge)
    key = ("flashyard_reports_refused_total", "body")
    assert told[key] == before[key] + 1
    key = ("flashyard_reports_total", "presence")
    assert told[key] == before[key] + 1
    key = ("flashyard_reports_total", "record")
    assert told[key] == before[key]
    assert told["flashyard_link_up", ""] == 1
    assert told["flashyard_link_connections_total", ""] == 1


async def test_browsers_what_they_were_sent_and_what_they_said_are_counted(rig: Rig) -> None:
    before = await read(rig.bridge)
    url = f"ws://127.0.0.1:{rig.http.base_url.port}/ws/flash-progress"
    async with connect(url) as one, connect(url) as two:
        await until(lambda: rig.bridge.live.connected == 2)
        assert (await read(rig.bridge))["flashyard_websocket_clients", ""] == 2
        device = await rig.plug()
        job = (await rig.start(deviceId=device))["jobId"]
        rig.hub.end(device, rig.job(job))
        await one.recv()
        await two.recv()
        await one.send("good morning")
        await one.send(b"\0")
        await until(lambda: rig.bridge.live.tally.ignored >= 2)
        told = await read(rig.bridge)
    assert told["flashyard_websocket_ignored_total", ""] == 2
    messages = told["flashyard_websocket_messages_total", ""]
    assert messages > before["flashyard_websocket_messages_total", ""]
    assert told["flashyard_websocket_sent_total", ""] >= 2
    await until(lambda: rig.bridge.live.connected == 0)


async def test_a_browser_that_is_let_go_is_counted_by_its_close_code(rig: Rig) -> None:
    url = f"ws://127.0.0.1:{rig.http.base_url.port}/ws/flash-progress"
    closed = rig.bridge.live.tally.closed
    async with connect(url) as chatty:
        await chatty.send("x" * 70_000)
        await chatty.wait_closed()
        assert chatty.close_code == 1009
    async with connect(url) as polite:
        await polite.send("{}")
    await until(lambda: rig.bridge.live.connected == 0 and closed.total() > 0)
    told = await read(rig.bridge)
    ends = {code: n for (name, code), n in told.items() if name.endswith("_closed_total")}
    assert ends == {"1009": 1}


async def test_where_a_token_is_needed_the_numbers_need_it_too(rig: Rig, tmp_path: Path) -> None:
    async with served_bridge(rig.broker.url, tmp_path, token="secret") as bridge:
        answer = await bridge.http.get("/metrics")
        assert (answer.status_code, answer.json()["code"]) == (401, "not_allowed")
        answer = await bridge.http.get("/metrics", headers={"Authorization": "Bearer secret"})
        assert answer.status_code == 200


async def test_nothing_is_said_of_the_broker_unless_it_was_asked_for(rig: Rig) -> None:
    told = await read(rig.bridge)
    assert not [name for name, _ in told if name.startswith("flashyard_broker_")]


async def test_a_brokers_own_numbers_are_passed_on_until_it_is_gone(tmp_path: Path) -> None:
    broker = mosquitto(tmp_path)
    with (tmp_path / f"mosquitto-{broker.port}.conf").open("a") as settings:
        settings.write("sys_interval 1\n")
    await broker.start()
    async with (
        served_bridge(broker.url, tmp_path / "images", broker_sys=True) as bridge,
        Link(broker.url, "other", on_message=lambda *_: None) as other,
    ):
        await other.wait_until_up(10)
        await bridge.state.pictured()
        await until(lambda: clients_of(bridge) == 2)
        told = await read(bridge)
        assert told["flashyard_broker_clients_connected", ""] == 2
        assert told["flashyard_broker_uptime_seconds", ""] > 0
        assert told["flashyard_broker_packets_received_total", ""] > 0
        assert bridge.intake.refused.total() == 0
        await broker.stop()
        await until(lambda: not bridge.state.link.is_up)
        told = await read(bridge)
        assert told["flashyard_link_up", ""] == 0
        assert not [name for name, _ in told if name.startswith("flashyard_broker_")]
