"""What waits is still waiting after its hub was killed: in the same order, and for the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flashyard.contract.history import JobRecord
from flashyard.contract.phases import Status
from flashyard.flash.emulator import EmulatedDevice, Profile
from flashyard.flash.fastboot.transport import Address
from support.bridge_peer import BridgePeer, now_ms
from support.brokers import free_port
from support.emulated import MIB
from support.hub_at_work import HubAtWork, Plug, hub_at_work, new_hub
from support.waiting import until

HOUR = 3_600_000  # ms


def waiting(peer: BridgePeer, device_id: str = "DEVICE_1") -> list[tuple[str, str | None]]:
    """The jobs that wait for a device, as its record has them, each with what it waits for."""
    return [(entry.job_id, entry.stage) for entry in peer.devices[device_id].queue]


async def test_the_queue_of_a_killed_hub_goes_on_in_its_order_and_those_on_hold_are_passed(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    device = plug(link_speed=8 * MIB)
    addresses = {"DEVICE_1": device.address}
    first = HubAtWork(new_hub(peer.link_url, tmp_path, addresses, part_size=MIB))
    await first.serving()
    await peer.online("DEVICE_1")
    runs = (await peer.start("DEVICE_1", total_bytes=16 * MIB)).job_id
    usual, held, low, urgent = [
        (await peer.start("DEVICE_1", priority=priority)).job_id for priority in (5, 9, 5, 9)
    ]
    later = (await peer.start("DEVICE_1", not_before=now_ms() + HOUR)).job_id
    await peer.limit(job_id=low, priority=0)
    assert (await peer.pause(held)).status is Status.PAUSED
    order = [held, urgent, usual, later, low]
    await until(lambda: [job_id for job_id, _ in waiting(peer)] == order)
    await first.die()
    async with hub_at_work(peer.link_url, tmp_path, addresses, part_size=MIB) as second:
        await until(lambda: peer.devices["DEVICE_1"].session == second.hub.session)
        assert [job_id for job_id, _ in waiting(peer)] == order
        assert [entry.priority for entry in peer.devices["DEVICE_1"].queue] == [9, 9, 5, 5, 0]
        latest = (await peer.start("DEVICE_1")).job_id
        for job_id in (runs, urgent, usual, latest, low):
            await peer.completed(job_id)
        ran = [said.job_id for said in peer.said(JobRecord)]
        assert ran == [runs, urgent, usual, latest, low]
        assert waiting(peer)[0] == (held, "On hold")
        assert (waiting(peer)[1][1] or "").startswith("Waiting until ")
        assert (await peer.resume(held)).accepted
        await peer.completed(held)
        assert [job_id for job_id, _ in waiting(peer)] == [later]


async def test_what_is_behind_a_paused_job_says_so_and_a_job_that_goes_on_waits_for_a_slot(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    addresses = {name: plug(name, link_speed=8 * MIB).address for name in ("ONE", "TWO")}
    async with hub_at_work(peer.link_url, tmp_path, addresses, part_size=MIB, max_parallel=1):
        await peer.online("ONE", "TWO")
        paused = (await peer.start("ONE", total_bytes=8 * MIB)).job_id
        behind = (await peer.start("ONE")).job_id
        await peer.pause(paused)
        await until(
            lambda: waiting(peer, "ONE") == [(behind, "Waiting for the paused job before it")]
        )
        other = (await peer.start("TWO", total_bytes=16 * MIB)).job_id
        assert (await peer.resume(paused)).status is Status.RUNNING
        slot = "Waiting for a free slot of the hub"
        await peer.phase(paused, slot)
        await until(lambda: (job := peer.devices["ONE"].current_job) and job.stage == slot)
        assert waiting(peer, "ONE") == [(behind, None)]
        for job_id in (other, paused, behind):
            await peer.completed(job_id)


async def test_a_job_waits_for_its_device_and_a_limit_holds_over_a_restart(
    peer: BridgePeer, tmp_path: Path
) -> None:
    port = free_port()
    addresses = {"DEVICE_1": Address("tcp", "127.0.0.1", port)}
    profile = Profile(serial="DEVICE_1")
    told: dict[str, Any] = {"timing": {"wait_for_device": 0.2}, "max_parallel": 7}
    first = HubAtWork(new_hub(peer.link_url, tmp_path, addresses, **told))
    await first.serving()
    with EmulatedDevice(profile, tmp_path / "device", tcp=("127.0.0.1", port)):
        await peer.online("DEVICE_1")
    await until(lambda: not peer.devices["DEVICE_1"].online)
    job_id = (await peer.start("DEVICE_1", wait_for_device=True)).job_id
    assert (await peer.limit(max_parallel=3)).accepted
    await first.die()
    async with hub_at_work(peer.link_url, tmp_path, addresses, **told) as second:
        await until(lambda: peer.devices["DEVICE_1"].session == second.hub.session)
        await until(lambda: waiting(peer) == [(job_id, "Waiting for the device")])
        assert peer.hub is not None
        assert peer.hub.limits.max_parallel == 3
        with EmulatedDevice(profile, tmp_path / "device", tcp=("127.0.0.1", port)):
            await peer.completed(job_id)
