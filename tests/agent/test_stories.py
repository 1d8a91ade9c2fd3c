"""The stories of a job as a hub tells them, on our broker and on Mosquitto."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from flashyard.contract.faults import Code
from flashyard.contract.history import JobRecord
from flashyard.contract.messages import (
    DeviceChanged,
    FlashCompleted,
    FlashFailed,
    FlashProgress,
    FlashStarted,
)
from flashyard.contract.phases import Phase, Status, Verification
from flashyard.flash.fastboot.limits import Limits
from flashyard.flash.images.generated import Generated
from support.bridge_peer import BridgePeer, check_story
from support.brokers import Broker
from support.emulated import MIB
from support.hub_at_work import Plug, hub_at_work


async def test_a_job_is_told_from_start_to_completion_on_any_broker(
    broker: Broker, plug: Plug, tmp_path: Path
) -> None:
    device = plug(link_speed=8 * MIB, max_download_size=MIB)
    async with (
        BridgePeer(broker.url) as peer,
        hub_at_work(broker.url, tmp_path, {"DEVICE_1": device.address}),
    ):
        await peer.online("DEVICE_1")
        receipt = await peer.start("DEVICE_1", total_bytes=5 * MIB)
        assert (receipt.accepted, receipt.status) == (True, Status.RUNNING)
        end = await peer.ended(receipt.job_id)

        assert isinstance(end, FlashCompleted)
        assert end.verification is Verification.TRANSPORT
        types = check_story(peer, receipt.job_id)
        assert types[0] == "started"
        started, first = peer.events(receipt.job_id)[:2]
        assert isinstance(started, FlashStarted)
        assert (started.stage, started.total_bytes) == ("Initializing", 5 * MIB)
        assert isinstance(first, FlashProgress)
        assert first.timestamp - started.timestamp <= 500
        stages = [e.stage for e in peer.events(receipt.job_id) if isinstance(e, FlashProgress)]
        assert "Flashing system partition" in stages
        assert stages[-1] == "Finalizing and rebooting"
        assert peer.samples(receipt.job_id), "no sample in more than half a second"
        assert len(device.content("system")) == 5 * MIB
        assert "reboot" in device.commands


async def test_each_event_is_followed_by_the_record_that_carries_its_number(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    address = plug(link_speed=8 * MIB).address
    async with hub_at_work(peer.link_url, tmp_path, {"DEVICE_1": address}):
        await peer.online("DEVICE_1")
        job_id = (await peer.start("DEVICE_1", total_bytes=3 * MIB)).job_id
        await peer.ended(job_id)

        said = [h.report for h in peer.heard]
        for event in peer.events(job_id):
            place = said.index(event)
            record = next(r for r in said[place:] if isinstance(r, DeviceChanged)).device
            if event.phase is Phase.COMPLETED:
                assert record.current_job is None
                assert (record.recent[-1].job_id, record.recent[-1].seq) == (job_id, event.seq)
            else:
                assert record.current_job is not None
                assert record.current_job.seq == event.seq
        revisions = [s.device.rev for s in said if isinstance(s, DeviceChanged)]
        assert revisions == sorted(set(revisions))


async def test_the_full_record_goes_out_once_after_the_end_with_the_log(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    async with hub_at_work(peer.link_url, tmp_path, {"DEVICE_1": plug().address}):
        await peer.online("DEVICE_1")
        job_id = (await peer.start("DEVICE_1")).job_id
        end = await peer.ended(job_id)
        await peer.announce()

        [record] = peer.said(JobRecord, job_id)
        assert record.seq == end.seq
        assert record.job.status is Status.COMPLETED
        assert (record.job.progress, record.job.bytes_transferred) == (100.0, MIB)
        assert [step.status for step in record.job.steps] == [Status.COMPLETED]
        lines = [line.text for line in record.log]
        assert lines == peer.log(job_id)
        assert lines[0] == "Started on hub bench-a"
        assert any("serial DEVICE_1" in line for line in lines)
        assert lines[-1] == "Completed"


async def test_without_an_image_each_job_flashes_a_stream_of_its_own_over_tcp_and_udp(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    one, two = plug("DEVICE_1"), plug("DEVICE_2", "udp")
    addresses = {"DEVICE_1": one.address, "DEVICE_2": two.address}
    async with hub_at_work(peer.link_url, tmp_path, addresses):
        await peer.online("DEVICE_1", "DEVICE_2")
        first = await peer.start("DEVICE_1", total_bytes=70_001)
        second = await peer.start("DEVICE_2", total_bytes=70_001)
        await peer.completed(first.job_id)
        await peer.completed(second.job_id)
        for device, job in ((one, first), (two, second)):
            stream = b"".join(Generated(job.job_id, 70_001).views(0, 70_001))
            assert device.content("system")[:70_001] == stream


@pytest.mark.parametrize(
    ("fault", "verdict"),
    [
        ("flash=fail", (Code.DEVICE_REFUSED, "injected fault")),
        ("download=silence", (Code.DEVICE_SILENT, None)),
        ("download=cut@300K", (Code.LINK_LOST, None)),
        ("flash=garble", (Code.PROTOCOL_ERROR, None)),
        ("flash=short", (Code.PROTOCOL_ERROR, "OK")),
        ("reboot=fail", (Code.DEVICE_REFUSED, "injected fault")),
    ],
)
async def test_a_fault_of_the_device_ends_its_job_and_nobody_elses(
    peer: BridgePeer, plug: Plug, tmp_path: Path, fault: str, verdict: tuple[Code, str | None]
) -> None:
    addresses = {
        "BAD": plug("BAD", "tcp", fault).address,
        "GOOD": plug("GOOD", link_speed=8 * MIB).address,
    }
    hasty = {"flashing": Limits(stall=0.5, flash=0.5, reboot=0.5)}
    async with hub_at_work(peer.link_url, tmp_path, addresses, timing=hasty):
        await peer.online("BAD", "GOOD")
        good = (await peer.start("GOOD", total_bytes=4 * MIB)).job_id
        bad = (await peer.start("BAD", total_bytes=2 * MIB)).job_id
        end = await peer.ended(bad)

        assert isinstance(end, FlashFailed)
        code, words = verdict
        assert end.code is code
        assert end.device_state is not None
        assert end.hint
        assert words is None or end.details == words
        check_story(peer, bad)
        recent = peer.devices["BAD"].recent[-1]
        assert (recent.status, recent.code) == (Status.FAILED, code)
        await peer.completed(good)
        again = await peer.start("BAD")
        assert again.accepted


async def test_an_image_too_large_for_the_partition_fails_before_anything_is_touched(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    device = plug(partitions={"system": MIB})
    async with hub_at_work(peer.link_url, tmp_path, {"DEVICE_1": device.address}):
        await peer.online("DEVICE_1")
        job_id = (await peer.start("DEVICE_1", total_bytes=MIB + 1)).job_id
        end = await peer.failed(job_id, Code.IMAGE_TOO_LARGE)
        assert end.device_state == "untouched"
        assert not device.commands


async def test_times_are_the_bridges_and_never_go_back(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    peer.clock = lambda: int(time.time() * 1000) + 3_600_000
    async with hub_at_work(peer.link_url, tmp_path, {"DEVICE_1": plug().address}):
        await peer.online("DEVICE_1")
        now = await peer.announce()
        assert peer.hub is not None
        assert peer.hub.clock_skew_ms is not None
        assert -3_605_000 < peer.hub.clock_skew_ms < -3_595_000
        job_id = (await peer.start("DEVICE_1")).job_id
        await peer.ended(job_id)
        check_story(peer, job_id)
        assert all(event.timestamp >= now for event in peer.events(job_id))


async def test_the_hub_is_told_how_much_a_device_is_sent_at_once(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    device = plug()
    async with hub_at_work(
        peer.link_url, tmp_path, {"DEVICE_1": device.address}, part_size=2 * MIB
    ):
        await peer.online("DEVICE_1")
        await peer.completed((await peer.start("DEVICE_1", total_bytes=3 * MIB)).job_id)
        assert device.commands.count("flash:system") == 2
