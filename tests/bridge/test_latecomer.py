"""What a bridge that comes late learns of hubs, on any broker."""

from __future__ import annotations

from pathlib import Path

from support.brokers import Broker
from support.scripted_hub import ScriptedHub
from support.served import served_bridge
from support.waiting import until


async def test_a_hub_that_is_there_is_known_with_its_devices(
    broker: Broker, tmp_path: Path
) -> None:
    async with ScriptedHub(broker.url) as hub:
        hub.plug("DEVICE_1")
        async with served_bridge(broker.url, tmp_path) as bridge:
            await bridge.state.pictured()
            await until(bridge.state.fleet.devices)
            [device] = bridge.state.fleet.devices()
            assert (device.device_id, device.online) == ("DEVICE_1", True)


async def test_a_hub_that_left_is_known_where_the_broker_tells_what_it_keeps(
    broker: Broker, tmp_path: Path
) -> None:
    async with ScriptedHub(broker.url) as hub:
        hub.plug("DEVICE_1")
        async with served_bridge(broker.url, tmp_path / "before") as bridge:
            fleet = bridge.state.fleet
            await until(lambda: fleet.devices() and fleet.hubs()[0].announced)
            hub.say_presence(online=False)
            await until(lambda: not fleet.hubs()[0].online)
    kept = broker.able.keeps_to_wildcards
    async with served_bridge(broker.url, tmp_path / "after") as bridge:
        await bridge.state.pictured()
        if kept:
            await until(bridge.state.fleet.devices)
        known = [(hub.hub_id, hub.online) for hub in bridge.state.fleet.hubs()]
        devices = [device.device_id for device in bridge.state.fleet.devices()]
    assert known == ([("bench-a", False)] if kept else [])
    assert devices == (["DEVICE_1"] if kept else [])
