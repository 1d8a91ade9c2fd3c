"""What a monitor sees of the whole system at one address."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families

from support.processes import serving
from support.raw_mqtt import connect, dialled

WITHIN = 30.0
NOWHERE = ("--listen", "127.0.0.1:0", "--mqtt", "127.0.0.1:0")


async def test_metrics_tell_of_the_bridge_and_of_the_broker_that_up_started(tmp_path: Path) -> None:
    often = {"FLASHYARD_BROKER_SYS_INTERVAL": "0.2"}
    async with serving("up", *NOWHERE, "--data-dir", tmp_path, env=often) as system:
        url, mqtt = system.ready[0], system.ready[-1]
        async with dialled(int(mqtt.rpartition(":")[2])) as future:
            await future.send(connect("future").replace(b"MQTT\x04", b"MQTT\x09"))
            await future.closed()
        wanted = {
            "flashyard_link_up": 1,
            "flashyard_hubs online": 1,
            "flashyard_broker_clients_connected": 2,
            "flashyard_broker_refused_total version": 1,
            "flashyard_broker_refused_total credentials": 0,
        }
        async with httpx.AsyncClient() as http, asyncio.timeout(WITHIN):
            told: dict[str, float] = {}
            while not wanted.items() <= told.items():
                await asyncio.sleep(0.05)
                told = _told((await http.get(f"{url}/metrics")).text)
    assert told["flashyard_broker_messages_received_total"] > 0
    assert told["flashyard_broker_subscriptions"] > 0


def _told(text: str) -> dict[str, float]:
    return {
        " ".join([sample.name, *sample.labels.values()]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
