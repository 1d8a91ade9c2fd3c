"""A job of several partitions at the hub: one story, its steps one after the other."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flashyard.contract.faults import Code
from flashyard.contract.messages import FlashProgress
from flashyard.contract.orders import OrderStep
from flashyard.contract.phases import Status
from flashyard.contract.records import Job
from support.bridge_peer import BridgePeer, check_story
from support.emulated import MIB
from support.hub_at_work import Plug, hub_at_work
from support.image_server import ImageServer, image_server, stored

BOOT = random.Random("boot").randbytes(MIB)
VENDOR = random.Random("vendor").randbytes(3 * MIB + 5)
CONTENT = {"boot": BOOT, "vendor": VENDOR, "dtbo": BOOT}
TOTAL = sum(map(len, CONTENT.values()))


@pytest.fixture
def server() -> Iterator[ImageServer]:
    with image_server() as store:
        store.add(BOOT)
        store.add(VENDOR)
        yield store


def asked(**more: Any) -> dict[str, Any]:
    steps = tuple(
        OrderStep(partition=name, image=stored(content), query="hub=bench-a")
        for name, content in CONTENT.items()
    )
    return {"partition": "boot", "steps": steps, "total_bytes": TOTAL, **more}


def recorded(peer: BridgePeer, job_id: str) -> Job:
    record = peer.record_of(job_id)
    assert record is not None
    return record.job


async def test_all_partitions_are_written_in_order_as_one_job(
    peer: BridgePeer, plug: Plug, server: ImageServer, tmp_path: Path
) -> None:
    device = plug()
    async with hub_at_work(
        peer.link_url, tmp_path, {"DEVICE_1": device.address}, bridge_url=server.url
    ):
        await peer.online("DEVICE_1")
        receipt = await peer.start("DEVICE_1", **asked())
        await peer.completed(receipt.job_id)
        check_story(peer, receipt.job_id)
        for name, content in CONTENT.items():
            assert device.content(name)[: len(content)] == content
        stages = [said.stage for said in peer.said(FlashProgress, receipt.job_id)]
        flashed = [stage for stage in dict.fromkeys(stages) if stage.startswith("Flashing")]
        assert flashed == [f"Flashing {name} partition" for name in CONTENT]
        record = recorded(peer, receipt.job_id)
        assert [(step.partition, step.bytes, step.status) for step in record.steps] == [
            (name, len(content), Status.COMPLETED) for name, content in CONTENT.items()
        ]
        assert [step.image for step in record.steps] == [
            stored(content).sha256 for content in CONTENT.values()
        ]
        assert len(server.requests) == 2, "an image is fetched once, however often it is written"


async def test_after_a_failure_the_steps_tell_what_was_done_and_what_was_not(
    peer: BridgePeer, plug: Plug, server: ImageServer, tmp_path: Path
) -> None:
    device = plug("DEVICE_1", "tcp", "flash:2=fail")
    async with hub_at_work(
        peer.link_url, tmp_path, {"DEVICE_1": device.address}, bridge_url=server.url
    ):
        await peer.online("DEVICE_1")
        receipt = await peer.start("DEVICE_1", **asked())
        end = await peer.failed(receipt.job_id, Code.DEVICE_REFUSED)
        assert end.device_state == "boot written, vendor may be partly written"
        record = recorded(peer, receipt.job_id)
        assert [step.status for step in record.steps] == [
            Status.COMPLETED,
            Status.FAILED,
            Status.CANCELLED,
        ]
        assert record.partition == "vendor"


async def test_nothing_is_touched_before_every_image_is_there(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    device = plug()
    with image_server() as server:
        server.add(BOOT)
        async with hub_at_work(
            peer.link_url, tmp_path, {"DEVICE_1": device.address}, bridge_url=server.url
        ):
            await peer.online("DEVICE_1")
            receipt = await peer.start("DEVICE_1", **asked())
            end = await peer.failed(receipt.job_id, Code.UNKNOWN_IMAGE)
            assert end.device_state == "untouched"
            assert not [command for command in device.commands if command.startswith("flash")]
