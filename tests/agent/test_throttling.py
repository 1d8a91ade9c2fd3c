"""Limits at a hub: of a job, a device, the hub and its downloads; changed as jobs run, and kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from flashyard.contract.faults import Code
from flashyard.contract.messages import FlashProgress
from flashyard.contract.phases import Status
from support.bridge_peer import BridgePeer
from support.emulated import MIB
from support.hub_at_work import Plug, hub_at_work
from support.image_server import image_server, stored
from support.made import generated, parts
from support.waiting import until

SLOW = 64 * 1024  # bytes/s: a job of many MiB does not end within a test
IDS = ("DEVICE_1", "DEVICE_2")
CONTENT = bytes(range(256)) * 4096


def transferred(peer: BridgePeer, job_id: str) -> int:
    return max((said.bytes_transferred for said in peer.said(FlashProgress, job_id)), default=0)


def _status(peer: BridgePeer) -> Status | None:
    current = peer.devices["DEVICE_1"].current_job
    return current.status if current else None


async def test_a_slow_job_is_told_with_its_limit_and_ends_as_soon_as_that_is_lifted(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    addresses = {"DEVICE_1": plug().address}
    async with hub_at_work(peer.link_url, tmp_path, addresses):
        await peer.online("DEVICE_1")
        more = {"total_bytes": 64 * MIB, "bandwidth_limit": SLOW}
        job_id = (await peer.start("DEVICE_1", **more)).job_id
        await until(lambda: transferred(peer, job_id) > SLOW // 4)
        current = peer.devices["DEVICE_1"].current_job
        assert current is not None
        assert current.bandwidth_limit == SLOW
        assert transferred(peer, job_id) < 32 * MIB
        assert (await peer.limit(job_id=job_id, bandwidth_limit=0)).accepted
        await peer.completed(job_id)
        record = peer.record_of(job_id)
        assert record is not None
        assert record.job.bandwidth_limit is None


async def test_limits_of_a_device_and_of_the_hub_are_shown_and_outlive_the_hub(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    addresses = {device_id: plug(device_id).address for device_id in IDS}
    async with hub_at_work(peer.link_url, tmp_path, addresses, bandwidth_limit=5 * MIB):
        await peer.online(*IDS)
        assert peer.hub is not None
        assert (peer.hub.limits.bandwidth_limit, peer.hub.limits.download_limit) == (5 * MIB, None)
        assert (await peer.limit(device_id="DEVICE_1", bandwidth_limit=SLOW)).accepted
        assert (await peer.limit(bandwidth_limit=MIB, download_limit=2 * MIB)).accepted
        await until(lambda: peer.devices["DEVICE_1"].bandwidth_limit == SLOW)
        await until(lambda: peer.hub and peer.hub.limits.bandwidth_limit == MIB)
        assert peer.hub.limits.download_limit == 2 * MIB
        assert peer.devices["DEVICE_2"].bandwidth_limit is None
        session = peer.hub.session
    async with hub_at_work(peer.link_url, tmp_path, addresses, bandwidth_limit=5 * MIB):
        await until(lambda: peer.hub and peer.hub.online and peer.hub.session != session)
        await peer.online(*IDS)
        assert (peer.hub.limits.bandwidth_limit, peer.hub.limits.download_limit) == (MIB, 2 * MIB)
        assert peer.devices["DEVICE_1"].bandwidth_limit == SLOW
        assert (await peer.limit(bandwidth_limit=0)).accepted
        await until(lambda: peer.hub and peer.hub.limits.bandwidth_limit is None)
        session = peer.hub.session
    async with hub_at_work(peer.link_url, tmp_path, addresses, bandwidth_limit=5 * MIB):
        await until(lambda: peer.hub and peer.hub.online and peer.hub.session != session)
        # Lifted by an order is lifted: what was said later wins over the setting.
        assert peer.hub.limits.bandwidth_limit is None


async def test_a_hubs_limit_holds_all_its_jobs_and_lifting_it_lets_all_go(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    addresses = {device_id: plug(device_id).address for device_id in IDS}
    async with hub_at_work(peer.link_url, tmp_path, addresses, bandwidth_limit=2 * SLOW):
        await peer.online(*IDS)
        jobs = [(await peer.start(each, total_bytes=16 * MIB)).job_id for each in IDS]
        await until(lambda: all(transferred(peer, job) > SLOW // 2 for job in jobs))
        assert all(transferred(peer, job) < 8 * MIB for job in jobs)
        assert (await peer.limit(bandwidth_limit=0)).accepted
        for job in jobs:
            await peer.completed(job)


async def test_a_throttled_job_is_cancelled_in_the_middle_of_a_part(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    addresses = {"DEVICE_1": plug().address}
    async with hub_at_work(peer.link_url, tmp_path, addresses):
        await peer.online("DEVICE_1")
        more = {"total_bytes": 64 * MIB, "bandwidth_limit": 1}
        job_id = (await peer.start("DEVICE_1", **more)).job_id
        await peer.phase(job_id, "Flashing")
        await peer.cancel(job_id)
        await peer.failed(job_id, Code.CANCELLED)


async def test_a_waiting_jobs_limit_can_be_changed_before_it_begins(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    addresses = {"DEVICE_1": plug().address}
    async with hub_at_work(peer.link_url, tmp_path, addresses):
        await peer.online("DEVICE_1")
        first = await peer.start("DEVICE_1", total_bytes=64 * MIB, bandwidth_limit=SLOW)
        second = await peer.start("DEVICE_1", total_bytes=MIB, bandwidth_limit=1)
        assert second.status is Status.QUEUED
        await until(lambda: peer.devices["DEVICE_1"].queue)
        assert peer.devices["DEVICE_1"].queue[0].bandwidth_limit == 1
        assert (await peer.limit(job_id=second.job_id, bandwidth_limit=MIB * 64)).accepted
        await until(lambda: peer.devices["DEVICE_1"].queue[0].bandwidth_limit == MIB * 64)
        await peer.cancel(first.job_id)
        await peer.completed(second.job_id)


@pytest.mark.parametrize(
    ("scope", "code"),
    [
        ({"job_id": "job_1703001234_999999"}, Code.UNKNOWN_JOB),
        ({"device_id": "NOBODY"}, Code.UNKNOWN_DEVICE),
    ],
    ids=["job", "device"],
)
async def test_nobody_unknown_is_given_a_limit(
    peer: BridgePeer, plug: Plug, tmp_path: Path, scope: dict[str, str], code: Code
) -> None:
    async with hub_at_work(peer.link_url, tmp_path, {"DEVICE_1": plug().address}):
        await peer.online("DEVICE_1")
        answer = await peer.limit(**scope, bandwidth_limit=1)
        assert (answer.accepted, answer.code) == (False, code)


async def test_an_image_is_fetched_no_faster_than_is_allowed_until_that_is_lifted(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    image = stored(CONTENT)
    addresses = {"DEVICE_1": plug().address}
    with image_server() as server:
        server.add(CONTENT)
        more = {"bridge_url": server.url, "download_limit": SLOW}
        async with hub_at_work(peer.link_url, tmp_path, addresses, **more):
            await peer.online("DEVICE_1")
            said = {"image": image, "query": "signature=x", "total_bytes": len(CONTENT)}
            job_id = (await peer.start("DEVICE_1", **said)).job_id
            await peer.phase(job_id, "Fetching image (")
            assert (await peer.limit(download_limit=0)).accepted
            await peer.completed(job_id)


async def test_a_job_resumed_under_another_limit_goes_on_where_it_was(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    device = plug(link_speed=4 * MIB)
    async with hub_at_work(
        peer.link_url, tmp_path, {"DEVICE_1": device.address}, part_size=8 * MIB
    ):
        await peer.online("DEVICE_1")
        more = {"total_bytes": 10 * MIB, "bandwidth_limit": MIB // 5}
        job_id = (await peer.start("DEVICE_1", **more)).job_id
        await peer.phase(job_id, "Flashing")
        # It was cut for that limit: a part of a MiB now and then.
        assert (await peer.limit(job_id=job_id, bandwidth_limit=0)).accepted
        await until(lambda: device.commands.count("flash:system") >= 2)
        await peer.pause(job_id)
        await until(lambda: _status(peer) is Status.PAUSED)
        await peer.resume(job_id)
        await peer.completed(job_id)
        content = generated(job_id, 10 * MIB)
        assert device.content("system")[: len(content)] == content
        assert device.commands.count("flash:system") == len(parts(job_id, 10 * MIB))
