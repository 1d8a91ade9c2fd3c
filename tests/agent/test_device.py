"""The agent's care for its device: seen, missed, repeated, and back on its feet after a crash."""

from __future__ import annotations

from pathlib import Path

import pytest

from flashyard.agent.device import DeviceAgent
from flashyard.agent.flight import Flight
from flashyard.contract.faults import Code
from flashyard.flash.emulator import EmulatedDevice, Profile
from flashyard.flash.fastboot.transport import Address
from support.bridge_peer import BridgePeer, check_story
from support.brokers import free_port
from support.emulated import MIB
from support.hub_at_work import Plug, hub_at_work
from support.waiting import until


async def test_a_device_comes_goes_and_comes_back(peer: BridgePeer, tmp_path: Path) -> None:
    port = free_port()
    addresses = {"DEVICE_1": Address("tcp", "127.0.0.1", port)}

    def switched_on() -> EmulatedDevice:
        profile = Profile(serial="SERIAL", name="Nice", slots=2)
        return EmulatedDevice(profile, tmp_path, tcp=("127.0.0.1", port))

    async with hub_at_work(peer.link_url, tmp_path, addresses):
        await until(lambda: "DEVICE_1" in peer.devices)
        never = peer.devices["DEVICE_1"]
        assert (never.online, never.mode, never.device_name) == (False, "unknown", "DEVICE_1")
        with switched_on():
            await peer.online("DEVICE_1")
            there = peer.devices["DEVICE_1"]
            assert (there.device_name, there.serial, there.slots) == ("Nice", "SERIAL", ("a", "b"))
            assert (there.mode, there.emulated, there.transport) == ("fastboot", True, "tcp")
            assert there.port == f"tcp:127.0.0.1:{port}"
            assert there.partitions is not None
            assert there.partitions["system_a"] == 8 << 30
        await until(lambda: not peer.devices["DEVICE_1"].online)
        gone = peer.devices["DEVICE_1"]
        assert (gone.device_name, gone.slots) == ("Nice", ("a", "b"))
        assert gone.last_seen >= there.last_seen
        with switched_on():
            await peer.online("DEVICE_1")


async def test_a_hub_is_ready_though_a_device_is_not_there(
    peer: BridgePeer, tmp_path: Path
) -> None:
    addresses = {"GONE": Address("udp", "127.0.0.1", free_port())}
    async with hub_at_work(peer.link_url, tmp_path, addresses, timing={"first_looks": 0.2}):
        await peer.online()


async def test_a_running_jobs_record_is_repeated_with_its_progress(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    device = plug(link_speed=8 * MIB)
    timing = {"repeat_record": 0.2}
    async with hub_at_work(peer.link_url, tmp_path, {"DEVICE_1": device.address}, timing=timing):
        await peer.online("DEVICE_1")
        job_id = (await peer.start("DEVICE_1", total_bytes=20 * MIB)).job_id
        await peer.completed(job_id)
        records = [d.current_job for d in peer.records("DEVICE_1") if d.current_job]
        progress = [job.progress for job in records if job.stage.startswith("Flashing")]
        assert len(set(progress)) >= 3
        assert progress == sorted(progress)


async def test_an_idle_devices_record_is_repeated_now_and_then(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    timing = {"repeat_record": 0.2, "refresh_record": 0.2}
    address = plug().address
    async with hub_at_work(peer.link_url, tmp_path, {"DEVICE_1": address}, timing=timing):
        await peer.online("DEVICE_1")
        seen = peer.devices["DEVICE_1"].last_seen
        await until(lambda: peer.devices["DEVICE_1"].last_seen > seen)


async def test_a_crash_in_an_agent_costs_its_job_and_nothing_else(
    peer: BridgePeer, plug: Plug, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    devices = {name: plug(name, link_speed=4 * MIB).address for name in ("ONE", "TWO")}
    look = Flight._look

    def stumble(flight: Flight, work: object) -> None:
        if flight.story.job.device_id == "ONE":
            raise ZeroDivisionError
        look(flight, work)  # type: ignore[arg-type]  # handed through

    monkeypatch.setattr(Flight, "_look", stumble)
    monkeypatch.setattr("flashyard.agent.device._RECOVERY", 0.01)
    async with hub_at_work(peer.link_url, tmp_path, devices, max_parallel=2):
        await peer.online(*devices)
        two = (await peer.start("TWO", total_bytes=2 * MIB)).job_id
        one = (await peer.start("ONE", total_bytes=MIB)).job_id
        await peer.failed(one, Code.INTERNAL)
        check_story(peer, one)
        await peer.completed(two)
        monkeypatch.undo()
        again = (await peer.start("ONE")).job_id
        await peer.completed(again)


async def test_a_crash_while_looking_around_is_survived(
    peer: BridgePeer, plug: Plug, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    crashes: list[str] = []
    look = DeviceAgent._look

    async def stumble(agent: DeviceAgent, *, counts: bool) -> None:
        if len(crashes) < 3:
            crashes.append(agent.device_id)
            raise ZeroDivisionError
        await look(agent, counts=counts)

    monkeypatch.setattr(DeviceAgent, "_look", stumble)
    monkeypatch.setattr("flashyard.agent.device._RECOVERY", 0.01)
    async with hub_at_work(peer.link_url, tmp_path, {"DEVICE_1": plug().address}):
        await peer.online("DEVICE_1")
        assert len(crashes) == 3
