"""Pause and resume: at a safe point, over a restart, in the queue; and what is told of it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from flashyard.agent.flight import Device, Flight
from flashyard.contract.faults import Code
from flashyard.contract.phases import Phase, Status
from support.bridge_peer import BridgePeer
from support.emulated import MIB
from support.hub_at_work import HubAtWork, Plug, hub_at_work, new_hub
from support.made import generated, parts
from support.waiting import until

SIZE = 6 * MIB


def letters(peer: BridgePeer, job_id: str) -> list[str]:
    """The lifecycle of a job as it was told, its progress left out."""
    kinds = [event.type.removeprefix("flash_") for event in peer.events(job_id)]
    return [kind for kind in kinds if kind != "progress"]


def status(peer: BridgePeer) -> Status | None:
    """Tell the status of the device's job, as its record has it."""
    job = peer.devices["DEVICE_1"].current_job
    return job.status if job else None


async def test_a_running_job_stops_at_a_safe_point_and_goes_on_where_it_was(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    device = plug(link_speed=8 * MIB)
    addresses = {"DEVICE_1": device.address}
    async with hub_at_work(peer.link_url, tmp_path, addresses, part_size=MIB):
        await peer.online("DEVICE_1")
        job_id = (await peer.start("DEVICE_1", total_bytes=SIZE)).job_id
        follower = (await peer.start("DEVICE_1", partition="boot", total_bytes=1000)).job_id
        await until(lambda: "flash:system" in device.commands)
        receipt = await peer.pause(job_id)
        assert receipt.accepted
        assert receipt.status in {Status.RUNNING, Status.PAUSED}
        await until(lambda: letters(peer, job_id)[-1:] == ["paused"])
        sent = len(device.commands)
        await until(lambda: status(peer) is Status.PAUSED)
        job = peer.devices["DEVICE_1"].current_job
        assert job is not None
        assert (job.job_id, job.status, job.phase) == (job_id, Status.PAUSED, Phase.WRITING)
        assert (job.requested, job.transfer_speed, job.stage) == (None, 0, "Paused")
        assert [entry.job_id for entry in peer.devices["DEVICE_1"].queue] == [follower]
        assert (await peer.pause(job_id)).accepted, "asking twice does no harm"
        assert len(device.commands) == sent
        assert (await peer.resume(job_id)).accepted
        await peer.completed(job_id)
        await peer.completed(follower)
    assert letters(peer, job_id) == ["started", "paused", "resumed", "completed"]
    assert device.content("system") == generated(job_id, SIZE)
    assert device.commands.count("flash:system") == len(parts(job_id, SIZE))


async def test_a_paused_job_is_still_paused_after_its_hub_was_killed(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    device = plug(link_speed=8 * MIB)
    addresses = {"DEVICE_1": device.address}
    first = HubAtWork(new_hub(peer.link_url, tmp_path, addresses, part_size=MIB))
    await first.serving()
    await peer.online("DEVICE_1")
    job_id = (await peer.start("DEVICE_1", total_bytes=SIZE)).job_id
    await until(lambda: "flash:system" in device.commands)
    await peer.pause(job_id)
    await until(lambda: letters(peer, job_id)[-1:] == ["paused"])
    await first.die()
    async with hub_at_work(peer.link_url, tmp_path, addresses, part_size=MIB) as second:
        await until(lambda: peer.devices["DEVICE_1"].session == second.hub.session)
        job = peer.devices["DEVICE_1"].current_job
        assert job is not None
        assert job.status is Status.PAUSED
        assert (await peer.resume(job_id)).status is Status.RUNNING
        await peer.completed(job_id)
    assert device.content("system") == generated(job_id, SIZE)
    assert device.commands.count("flash:system") == len(parts(job_id, SIZE))


async def test_a_job_on_hold_is_passed_and_begins_when_it_is_let_go(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    device = plug(link_speed=8 * MIB)
    addresses = {"DEVICE_1": device.address}
    async with hub_at_work(peer.link_url, tmp_path, addresses):
        await peer.online("DEVICE_1")
        first = (await peer.start("DEVICE_1", total_bytes=SIZE)).job_id
        held = (await peer.start("DEVICE_1", partition="boot", total_bytes=1000)).job_id
        passing = (await peer.start("DEVICE_1", partition="vendor", total_bytes=1000)).job_id
        assert (await peer.pause(held)).status is Status.PAUSED
        await peer.completed(first)
        await peer.completed(passing)
        await until(lambda: not peer.devices["DEVICE_1"].current_job)
        [entry] = peer.devices["DEVICE_1"].queue
        assert (entry.job_id, entry.held, entry.stage) == (held, True, "On hold")
        assert "flash:boot" not in device.commands
        assert (await peer.resume(held)).accepted
        await peer.completed(held)
    assert letters(peer, held) == ["queued", "paused", "resumed", "started", "completed"]


async def test_what_is_not_paused_cannot_be_resumed(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    device = plug(link_speed=8 * MIB)
    async with hub_at_work(peer.link_url, tmp_path, {"DEVICE_1": device.address}):
        await peer.online("DEVICE_1")
        job_id = (await peer.start("DEVICE_1", total_bytes=SIZE)).job_id
        refusal = await peer.resume(job_id)
        assert (refusal.accepted, refusal.code) == (False, Code.ILLEGAL_STATE)
        await peer.completed(job_id)
        late = await peer.pause(job_id)
        assert (late.accepted, late.code) == (False, Code.ALREADY_FINAL)


async def test_a_paused_job_can_be_cancelled_and_says_what_it_left(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    device = plug(link_speed=8 * MIB)
    async with hub_at_work(peer.link_url, tmp_path, {"DEVICE_1": device.address}, part_size=MIB):
        await peer.online("DEVICE_1")
        job_id = (await peer.start("DEVICE_1", total_bytes=SIZE)).job_id
        await until(lambda: "flash:system" in device.commands)
        await peer.pause(job_id)
        await until(lambda: letters(peer, job_id)[-1:] == ["paused"])
        assert (await peer.cancel(job_id)).status is Status.CANCELLED
        end = await peer.failed(job_id, Code.CANCELLED)
        assert end.device_state == "system partly written"


async def test_a_job_that_is_let_go_on_while_its_preparations_end_is_not_cancelled(
    peer: BridgePeer, plug: Plug, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = plug()
    prepare, begun = Flight._carry_out, asyncio.Event()

    async def slow(flight: Flight, there: Device) -> None:
        if begun.is_set():
            return await prepare(flight, there)
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            assert (await peer.resume(flight.story.job.job_id)).accepted

    monkeypatch.setattr(Flight, "_carry_out", slow)
    async with hub_at_work(peer.link_url, tmp_path, {"DEVICE_1": device.address}):
        await peer.online("DEVICE_1")
        job_id = (await peer.start("DEVICE_1", total_bytes=MIB)).job_id
        await begun.wait()
        assert (await peer.pause(job_id)).accepted
        await peer.completed(job_id)
    assert letters(peer, job_id) == ["started", "completed"]
    assert device.content("system") == generated(job_id, MIB)
