from __future__ import annotations

import asyncio
from pathlib import Path

from flashyard.doctor.checks.doors import http_door, mqtt_door
from flashyard.doctor.finding import Level
from flashyard.endpoint import Endpoint
from support.broker_process import Broker, free_port
from support.brokers import broker
from support.guarded import Ours
from support.served import served_bridge

__all__ = ["broker"]


async def test_a_free_door_is_well() -> None:
    for door in (http_door, mqtt_door):
        told = await door(Endpoint("127.0.0.1", free_port()))
        assert (told.level, "free" in told.sentence) == (Level.OK, True)


async def test_a_broker_at_its_door_is_well(broker: Broker) -> None:
    told = await mqtt_door(Endpoint("127.0.0.1", broker.port))
    assert (told.level, "A broker listens" in told.sentence) == (Level.OK, True)


async def test_so_is_one_that_lets_no_stranger_in(tmp_path: Path) -> None:
    async with Ours(tmp_path) as ours:
        assert (await mqtt_door(Endpoint("127.0.0.1", ours.port))).level is Level.OK


async def test_a_bridge_at_its_door_is_well(tmp_path: Path) -> None:
    async with served_bridge(f"mqtt://127.0.0.1:{free_port()}", tmp_path) as bridge:
        port = bridge.http.base_url.port
        assert port is not None
        told = await http_door(Endpoint("127.0.0.1", port))
        assert (told.level, "A bridge listens" in told.sentence) == (Level.OK, True)


async def test_somebody_else_at_a_door_is_told_with_another_door() -> None:
    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        for door, option in ((http_door, "--listen"), (mqtt_door, "--mqtt")):
            told = await door(Endpoint("127.0.0.1", port))
            assert told.level is Level.WARNING
            assert told.command == f"flashyard up {option} 127.0.0.1:{port + 1}"
