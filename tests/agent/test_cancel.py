"""Cancelling: a job ends as cancelled at its next safe point, or is past the last one."""

from __future__ import annotations

from pathlib import Path

import pytest

from flashyard.contract.faults import Code
from flashyard.contract.messages import FlashFailed, FlashProgress
from flashyard.contract.phases import Phase, Status
from flashyard.flash.fastboot.limits import Limits
from support.bridge_peer import BridgePeer, check_story
from support.emulated import MIB
from support.hub_at_work import Plug, hub_at_work
from support.waiting import until


async def until_phase(peer: BridgePeer, job_id: str, phase: Phase) -> None:
    await until(lambda: any(p.phase is phase for p in peer.said(FlashProgress, job_id)))


async def cancelled(peer: BridgePeer, job_id: str) -> FlashFailed:
    """Cancel a running job and return its end."""
    receipt = await peer.cancel(job_id)
    assert (receipt.accepted, receipt.status) == (True, Status.RUNNING)
    end = await peer.failed(job_id, Code.CANCELLED)
    check_story(peer, job_id)
    return end


async def test_a_job_that_is_being_identified_leaves_the_device_untouched(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    device = plug(latency_s=0.01)
    async with hub_at_work(peer.link_url, tmp_path, {"DEVICE_1": device.address}):
        await peer.online("DEVICE_1")
        job_id = (await peer.start("DEVICE_1")).job_id
        await until_phase(peer, job_id, Phase.IDENTIFYING)
        end = await cancelled(peer, job_id)
        assert end.device_state == "untouched"
        assert not device.commands


async def test_a_job_that_has_written_a_part_says_so_when_it_ends(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    device = plug(link_speed=4 * MIB, max_download_size=MIB)
    async with hub_at_work(peer.link_url, tmp_path, {"DEVICE_1": device.address}):
        await peer.online("DEVICE_1")
        job_id = (await peer.start("DEVICE_1", total_bytes=200 * MIB)).job_id
        await until(lambda: "flash:system" in device.commands)
        end = await cancelled(peer, job_id)
        assert end.device_state is not None
        assert "system partly written" in end.device_state
        recent = peer.devices["DEVICE_1"].recent[-1]
        assert (recent.status, recent.device_state) == (Status.CANCELLED, end.device_state)
        assert "reboot" not in device.commands


@pytest.mark.parametrize("transport", ["tcp", "udp"])
async def test_a_job_that_sends_ends_within_the_part_and_leaves_the_device_as_it_was(
    peer: BridgePeer, plug: Plug, tmp_path: Path, transport: str
) -> None:
    device = plug("DEVICE_1", transport, link_speed=4 * MIB)
    async with hub_at_work(peer.link_url, tmp_path, {"DEVICE_1": device.address}):
        await peer.online("DEVICE_1")
        job_id = (await peer.start("DEVICE_1", total_bytes=400 * MIB)).job_id
        await until(lambda: any(p.progress > 0 for p in peer.said(FlashProgress, job_id)))
        end = await cancelled(peer, job_id)
        assert end.device_state == "untouched"
        assert "flash:system" not in device.commands
        await peer.completed((await peer.start("DEVICE_1")).job_id)


async def test_the_record_says_that_an_end_was_asked_for(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    device = plug(link_speed=MIB)
    async with hub_at_work(peer.link_url, tmp_path, {"DEVICE_1": device.address}):
        await peer.online("DEVICE_1")
        job_id = (await peer.start("DEVICE_1", total_bytes=2 * MIB)).job_id
        await until_phase(peer, job_id, Phase.WRITING)
        assert (await peer.cancel(job_id)).accepted
        requested = [d.current_job.requested for d in peer.records("DEVICE_1") if d.current_job]
        assert "cancel" in requested
        assert (await peer.cancel(job_id)).accepted, "asking twice does no harm"
        assert isinstance(await peer.ended(job_id), FlashFailed)


async def test_a_device_that_breaks_before_the_safe_point_does_not_change_the_end(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    device = plug("DEVICE_1", "tcp", "erase=silence")
    hasty = {"flashing": Limits(erase=1.0)}
    async with hub_at_work(peer.link_url, tmp_path, {"DEVICE_1": device.address}, timing=hasty):
        await peer.online("DEVICE_1")
        job_id = (await peer.start("DEVICE_1", options={"erase": True})).job_id
        await until_phase(peer, job_id, Phase.ERASING)
        end = await cancelled(peer, job_id)
        assert end.details is not None
        assert end.device_state is not None
        assert "system may be erased" in end.device_state


async def test_a_hub_that_stops_meanwhile_does_not_change_the_end(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    device = plug("DEVICE_1", "tcp", "erase=silence")
    hasty = {"safe_point": 0.1}
    async with hub_at_work(peer.link_url, tmp_path, {"DEVICE_1": device.address}, timing=hasty):
        await peer.online("DEVICE_1")
        job_id = (await peer.start("DEVICE_1", options={"erase": True})).job_id
        await until(lambda: "erase:system" in device.commands)
        assert (await peer.cancel(job_id)).accepted
    end = await peer.failed(job_id, Code.CANCELLED)
    assert end.device_state == "system may be erased"


@pytest.mark.parametrize(
    ("fault", "phase"),
    [("set_active=silence", Phase.ACTIVATING), ("reboot=silence", Phase.FINISHING)],
)
async def test_from_activating_on_it_is_too_late(
    peer: BridgePeer, plug: Plug, tmp_path: Path, fault: str, phase: Phase
) -> None:
    device = plug("DEVICE_1", "tcp", fault, slots=2)
    hasty = {"flashing": Limits(reboot=1.0)}
    async with hub_at_work(peer.link_url, tmp_path, {"DEVICE_1": device.address}, timing=hasty):
        await peer.online("DEVICE_1")
        job_id = (await peer.start("DEVICE_1", options={"slot": "b"})).job_id
        await until_phase(peer, job_id, phase)
        receipt = await peer.cancel(job_id)
        assert (receipt.accepted, receipt.code) == (False, Code.ILLEGAL_STATE)
        assert receipt.status is Status.RUNNING
        await peer.failed(job_id, Code.DEVICE_SILENT)


async def test_what_has_ended_cannot_be_cancelled(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    async with hub_at_work(peer.link_url, tmp_path, {"DEVICE_1": plug().address}):
        await peer.online("DEVICE_1")
        job_id = (await peer.start("DEVICE_1")).job_id
        await peer.completed(job_id)
        receipt = await peer.cancel(job_id)
        assert (receipt.accepted, receipt.code) == (False, Code.ALREADY_FINAL)
        assert receipt.status is Status.COMPLETED


async def test_a_waiting_job_ends_at_once_and_never_starts(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    device = plug(link_speed=2 * MIB)
    async with hub_at_work(peer.link_url, tmp_path, {"DEVICE_1": device.address}):
        await peer.online("DEVICE_1")
        first = (await peer.start("DEVICE_1", total_bytes=2 * MIB)).job_id
        second = (await peer.start("DEVICE_1")).job_id
        receipt = await peer.cancel(second)
        assert (receipt.accepted, receipt.status) == (True, Status.CANCELLED)
        end = await peer.ended(second)
        assert isinstance(end, FlashFailed)
        assert (end.code, end.device_state, end.seq) == (Code.CANCELLED, "untouched", 1)
        assert check_story(peer, second) == ["queued", "failed"]
        assert peer.end(first) is None
        await peer.completed(first)


async def test_a_cancel_that_overtakes_its_start_wins(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    device = plug()
    async with hub_at_work(peer.link_url, tmp_path, {"DEVICE_1": device.address}):
        await peer.online("DEVICE_1")
        order = peer.start_order("DEVICE_1")
        early = await peer.cancel(order.job_id)
        assert (early.accepted, early.code) == (False, Code.UNKNOWN_JOB)
        late = await peer.give(order)
        assert (late.accepted, late.code) == (False, Code.CANCELLED)
        assert peer.events(order.job_id) == []
        assert not device.commands
