"""A job that waits, or is paused, longer than its signature holds gets a new one."""

from __future__ import annotations

import asyncio
from pathlib import Path
from urllib.parse import parse_qsl

import pytest

from flashyard.contract.orders import ImageOrder
from flashyard.contract.phases import Status
from flashyard_bridge.images.renewal import Renewal
from support.brokers import mosquitto
from support.rig import Rig
from support.scripted_hub import ScriptedHub, queue
from support.served import served_bridge
from support.waiting import until


async def test_jobs_that_are_not_over_get_fresh_signatures(tmp_path: Path) -> None:
    broker = mosquitto(tmp_path)
    await broker.start()
    async with (
        ScriptedHub(broker.url) as hub,
        served_bridge(broker.url, tmp_path / "images") as bridge,
    ):
        await bridge.state.pictured()
        rig = Rig(broker, hub, bridge)
        device = await rig.plug()
        image = await rig.upload(b"waited for")
        running = await rig.start(deviceId=device, partition="boot", image=image)
        await rig.start(deviceId=device, imageSize=1000)
        hub.answer = queue
        await rig.start(deviceId=device, imageSize=1000)
        waiting = await rig.start(deviceId=device, partition="boot", image=image)
        hub.orders.clear()
        renewing = asyncio.create_task(Renewal(bridge.state).run())
        await until(lambda: len(hub.orders) == 2)
        renewing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await renewing
        orders = list(hub.orders)
    await broker.stop()
    for order, job in zip(orders, (running, waiting), strict=True):
        assert isinstance(order, ImageOrder)
        assert (order.job_id, order.sha256, order.session) == (job["jobId"], image, hub.session)
        assert bridge.state.images.signature.verify(image, dict(parse_qsl(order.query)))


async def test_a_hub_that_comes_back_gets_fresh_ones_for_what_waits_or_is_on_hold(
    tmp_path: Path,
) -> None:
    broker = mosquitto(tmp_path)
    await broker.start()
    async with (
        ScriptedHub(broker.url) as hub,
        served_bridge(broker.url, tmp_path / "images") as bridge,
    ):
        await bridge.state.pictured()
        rig = Rig(broker, hub, bridge)
        device = await rig.plug()
        image = await rig.upload(b"waited for")
        hub.answer = queue
        ids = [
            (await rig.start(deviceId=device, partition="boot", image=image))["jobId"]
            for _ in range(2)
        ]
        held = rig.job(ids[1]).with_(status=Status.PAUSED)
        hub.wait(device, rig.job(ids[0]), held)
        await until(lambda: rig.job(ids[1]).status is Status.PAUSED)
        hub.orders.clear()
        hub.session = "s2"
        hub.devices[device] = hub.devices[device].with_(session="s2")
        hub.say_presence()
        hub.wait(device, rig.job(ids[0]), held)
        hub.say_presence(announced=1)
        await until(lambda: len(hub.orders) == 2)
    await broker.stop()
    renewed = [order for order in hub.orders if isinstance(order, ImageOrder)]
    assert [(order.job_id, order.session) for order in renewed] == [(each, "s2") for each in ids]
