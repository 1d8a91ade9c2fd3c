"""Jobs that wait: in order and bounded, for a device that is busy, restarting or gone."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from flashyard.contract.faults import Code
from flashyard.contract.history import JobRecord
from flashyard.contract.messages import FlashFailed, FlashQueued
from flashyard.contract.phases import Phase, Status
from flashyard.flash.emulator import EmulatedDevice, Profile
from flashyard.flash.fastboot.transport import Address
from support.bridge_peer import BridgePeer, check_story
from support.brokers import free_port
from support.emulated import MIB
from support.hub_at_work import Plug, hub_at_work
from support.waiting import until


async def test_jobs_for_a_busy_device_run_one_after_the_other_in_order(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    device = plug(link_speed=4 * MIB)
    async with hub_at_work(peer.link_url, tmp_path, {"DEVICE_1": device.address}):
        await peer.online("DEVICE_1")
        receipts = [await peer.start("DEVICE_1", total_bytes=MIB) for _ in range(3)]
        jobs = [receipt.job_id for receipt in receipts]
        assert [r.status for r in receipts] == [Status.RUNNING, Status.QUEUED, Status.QUEUED]
        assert [r.position for r in receipts] == [None, 1, 2]
        queued = peer.said(FlashQueued)
        assert [(q.job_id, q.position, q.seq) for q in queued] == [(jobs[1], 1, 0), (jobs[2], 2, 0)]
        assert [entry.job_id for entry in peer.devices["DEVICE_1"].queue] == jobs[1:]
        for job_id in jobs:
            await peer.completed(job_id)
            check_story(peer, job_id)
        assert [entry.job_id for entry in peer.devices["DEVICE_1"].recent] == jobs
        spans = [(peer.said(JobRecord, j)[0].job.started_at, peer.end(j)) for j in jobs]
        for (_, end), (begin, _) in pairwise(spans):
            assert end is not None
            assert begin is not None
            assert end.timestamp <= begin


async def test_what_was_meant_for_one_device_is_not_given_to_another_in_its_place(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    device = plug()
    async with hub_at_work(peer.link_url, tmp_path, {"DEVICE_1": device.address}):
        await peer.online("DEVICE_1")
        serial = peer.devices["DEVICE_1"].serial
        other = (await peer.start("DEVICE_1", serial="ANOTHER_1")).job_id
        same = (await peer.start("DEVICE_1", serial=serial)).job_id
        end = await peer.ended(other)
        assert isinstance(end, FlashFailed)
        assert end.code is Code.DEVICE_MISMATCH
        assert (end.details, end.device_state) == (
            f"wanted ANOTHER_1, found {serial}",
            "untouched",
        )
        await peer.completed(same)
        assert len([word for word in device.commands if word.startswith("flash:")]) == 1


async def test_a_job_that_waits_is_not_for_the_device_that_comes_in_place_of_its_own(
    peer: BridgePeer, tmp_path: Path
) -> None:
    port = free_port()

    def switched_on(serial: str) -> EmulatedDevice:
        profile = Profile(serial=serial, link_speed=MIB)
        return EmulatedDevice(profile, tmp_path / serial, tcp=("127.0.0.1", port))

    async with hub_at_work(
        peer.link_url, tmp_path, {"DEVICE_1": Address("tcp", "127.0.0.1", port)}
    ):
        with switched_on("FIRST"):
            await peer.online("DEVICE_1")
            runs = (await peer.start("DEVICE_1", total_bytes=64 * MIB)).job_id
            waits = (await peer.start("DEVICE_1")).job_id
        with switched_on("SECOND") as second:
            await peer.ended(runs)
            end = await peer.ended(waits)
            assert isinstance(end, FlashFailed)
            assert (end.code, end.details) == (
                Code.DEVICE_MISMATCH,
                "wanted FIRST, found SECOND",
            )
            assert not any(word.startswith("flash:") for word in second.device.commands)


async def test_the_fifty_first_waiting_job_is_refused(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    device = plug(link_speed=MIB // 2)
    async with hub_at_work(peer.link_url, tmp_path, {"DEVICE_1": device.address}):
        await peer.online("DEVICE_1")
        # The first one is at work for as long as this test can take.
        receipts = [await peer.start("DEVICE_1", total_bytes=64 * MIB) for _ in range(51)]
        assert [r.position for r in receipts] == [None, *range(1, 51)]
        refused = await peer.start("DEVICE_1")
        assert (refused.accepted, refused.code) == (False, Code.QUEUE_FULL)
        assert (await peer.cancel(receipts[3].job_id)).accepted
        await until(lambda: len(peer.devices["DEVICE_1"].queue) == 49)
        assert (await peer.start("DEVICE_1")).position == 50


async def test_only_the_last_waiting_job_restarts_the_device_and_the_record_says_so(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    device = plug(link_speed=4 * MIB)
    async with hub_at_work(peer.link_url, tmp_path, {"DEVICE_1": device.address}):
        await peer.online("DEVICE_1")
        first = (await peer.start("DEVICE_1", total_bytes=2 * MIB)).job_id
        second = (await peer.start("DEVICE_1", partition="boot", options={"reboot": False})).job_id
        await peer.ended(first)
        await peer.ended(second)
        assert device.commands.count("reboot") == 1
        assert device.commands[-1] == "reboot"
        [record] = peer.said(JobRecord, first)
        assert record.job.status is Status.COMPLETED
        assert record.job.device_state == "not restarted: another job waited for the device"
        assert peer.said(JobRecord, second)[0].job.device_state is None


async def test_a_restart_left_to_a_job_that_is_cancelled_untouched_is_made_up_for(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    device = plug(link_speed=4 * MIB, latency_s=0.01)
    async with hub_at_work(peer.link_url, tmp_path, {"DEVICE_1": device.address}):
        await peer.online("DEVICE_1")
        first = (await peer.start("DEVICE_1", total_bytes=2 * MIB)).job_id
        second = (await peer.start("DEVICE_1")).job_id
        await peer.ended(first)
        assert "reboot" not in device.commands
        assert (await peer.cancel(second)).accepted
        end = await peer.ended(second)
        assert isinstance(end, FlashFailed)
        assert end.device_state == "untouched"
        await until(lambda: "reboot" in device.commands)


async def test_a_job_asked_for_while_the_device_restarts_waits_for_it(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    device = plug(boot_s=1.0)
    async with hub_at_work(
        peer.link_url, tmp_path, {"DEVICE_1": device.address}, timing={"probe_every": 1.5}
    ):
        await peer.online("DEVICE_1")
        first = (await peer.start("DEVICE_1")).job_id
        await peer.ended(first)
        receipt = await peer.start("DEVICE_1")
        assert (receipt.status, receipt.position) == (Status.QUEUED, 1)
        await peer.completed(receipt.job_id)
        online = [d.online for d in peer.records("DEVICE_1") if d.recent]
        assert all(online), "a restart is no reason to be shown as gone"


async def test_a_waiting_job_whose_device_is_gone_is_given_up_in_time(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    device = plug(link_speed=2 * MIB)
    timing = {"wait_for_device": 0.5}
    async with hub_at_work(peer.link_url, tmp_path, {"DEVICE_1": device.address}, timing=timing):
        await peer.online("DEVICE_1")
        first = (await peer.start("DEVICE_1", total_bytes=20 * MIB)).job_id
        second = (await peer.start("DEVICE_1")).job_id
        third = (await peer.start("DEVICE_1")).job_id
        await peer.phase(first, "Flashing")
        device.device.__exit__()
        broken = await peer.ended(first)
        assert isinstance(broken, FlashFailed)
        assert broken.code is Code.LINK_LOST
        for job_id in (second, third):
            end = await peer.failed(job_id, Code.DEVICE_OFFLINE)
            assert end.device_state == "untouched"
            assert check_story(peer, job_id) == ["queued", "failed"]
        await until(lambda: not peer.devices["DEVICE_1"].online)
        refused = await peer.start("DEVICE_1")
        assert (refused.accepted, refused.code) == (False, Code.DEVICE_OFFLINE)


async def test_a_hub_runs_no_more_jobs_at_once_than_it_may(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    devices = {name: plug(name, link_speed=4 * MIB).address for name in ("ONE", "TWO", "THREE")}
    async with hub_at_work(peer.link_url, tmp_path, devices, max_parallel=1):
        await peer.online(*devices)
        receipts = [await peer.start(name, total_bytes=MIB) for name in devices]
        assert [r.status for r in receipts] == [Status.RUNNING, Status.QUEUED, Status.QUEUED]
        ends = [await peer.ended(receipt.job_id) for receipt in receipts]
        assert [end.phase for end in ends] == [Phase.COMPLETED] * 3
        starts = [peer.said(JobRecord, r.job_id)[0].job.started_at for r in receipts]
        assert starts[1] is not None
        assert starts[2] is not None
        assert ends[0].timestamp <= starts[1]
        assert ends[1].timestamp <= starts[2]
        assert peer.hub is not None
        assert peer.hub.limits.max_parallel == 1
