"""A job that waits, or is paused, longer than its signature holds gets a new one."""

from __future__ import annotations

import asyncio
from pathlib import Path
from urllib.parse import parse_qsl

import pytest

from flashyard.contract.orders import ImageOrder
from flashyard_bridge.images.renewal import keep_signed
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
        renewing = asyncio.create_task(keep_signed(bridge.state))
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
