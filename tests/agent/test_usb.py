"""A hub that looks after USB: what is plugged in, plugged out, and flashed there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from flashyard.contract.faults import Code
from flashyard.contract.history import JobRecord
from flashyard.contract.phases import Status
from flashyard.flash.fastboot.limits import Limits
from flashyard.flash.ports.sysfs import Sysfs
from flashyard.flash.probe import learn
from flashyard.flash.target import Description
from flashyard.flash.usb.host import UsbHost
from flashyard.settings import PortRule
from support.bridge_peer import BridgePeer, check_story
from support.fake_sysfs import ADB
from support.fake_usb import STATION, FakeUsb, fake_usb
from support.hub_at_work import Plug, hub_at_work
from support.waiting import until

MIB = 1 << 20
SOON = Limits(connect=0.3, handshake=0.3, getvar=1.0)
TIMING = {"probing": SOON, "flashing": replace(SOON, stall=2.0)}
KEYBOARD = (0x03, 0x01, 0x01, "")
MTP = (0x06, 0x01, 0x01, "MTP")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[FakeUsb]:
    with fake_usb(tmp_path / "usb") as bus:
        yield bus


def usb_hub(peer: BridgePeer, bench: FakeUsb, directory: Path, **more: Any) -> Any:
    told = {"timing": TIMING, "host": bench.host, **more}
    return hub_at_work(peer.link_url, directory, {}, **told)


async def gone(peer: BridgePeer, device_id: str) -> None:
    await until(lambda: not peer.devices[device_id].online)


async def test_what_is_plugged_in_is_listed_by_its_serial_and_its_port(
    peer: BridgePeer, bench: FakeUsb, tmp_path: Path
) -> None:
    bench.plug("1-1", "PHONE_1")
    async with usb_hub(peer, bench, tmp_path):
        await peer.online("PHONE_1")
        phone = peer.devices["PHONE_1"]
        assert (phone.transport, phone.port) == ("usb", STATION.format(1))
        assert (phone.mode, phone.serial, phone.emulated) == ("fastboot", "PHONE_1", True)
        bench.plug("1-2", "PHONE_2")
        await peer.online("PHONE_2")
        bench.unplug("1-1")
        await until(lambda: not peer.devices["PHONE_1"].online)
        assert peer.devices["PHONE_2"].online


async def test_a_job_over_usb_is_a_job_like_any_other(
    peer: BridgePeer, bench: FakeUsb, tmp_path: Path
) -> None:
    device = bench.plug("1-1", "PHONE_1")
    async with usb_hub(peer, bench, tmp_path):
        await peer.online("PHONE_1")
        started = await peer.start("PHONE_1", partition="boot", total_bytes=3 * MIB)
        job = started.job_id
        await peer.completed(job)
        check_story(peer, job)
        assert device.emulated.partition_file("boot").stat().st_size == 3 * MIB
        assert device.emulated.device.counts["reboot"] == 1
        await until(lambda: not peer.devices["PHONE_1"].online)  # it left, and is somewhere else
        bench.plug("1-1", again=True)
        await peer.online("PHONE_1")


async def test_pulled_in_mid_transfer_the_job_fails_as_unplugged_and_its_retry_completes(
    peer: BridgePeer, bench: FakeUsb, tmp_path: Path
) -> None:
    bench.plug("1-1", "PHONE_1", f"download:1=cut@{MIB}")
    async with usb_hub(peer, bench, tmp_path):
        await peer.online("PHONE_1")
        first = (await peer.start("PHONE_1", total_bytes=4 * MIB)).job_id
        await peer.failed(first, Code.USB_UNPLUGGED)
        check_story(peer, first)
        await until(lambda: not peer.devices["PHONE_1"].online)
        refused = await peer.start("PHONE_1")
        assert (refused.accepted, refused.code) == (False, Code.DEVICE_OFFLINE)
        bench.plug("1-1", again=True)
        await peer.online("PHONE_1")
        await peer.completed((await peer.start("PHONE_1", total_bytes=4 * MIB)).job_id)


async def test_a_job_that_waits_outlives_a_device_that_is_plugged_elsewhere(
    peer: BridgePeer, bench: FakeUsb, tmp_path: Path
) -> None:
    bench.plug("1-1", "PHONE_1", link_speed=4 * MIB)
    async with usb_hub(peer, bench, tmp_path):
        await peer.online("PHONE_1")
        first = (await peer.start("PHONE_1", total_bytes=2 * MIB)).job_id
        second = await peer.start("PHONE_1", total_bytes=MIB, options={"reboot": False})
        assert second.status is Status.QUEUED
        await until(lambda: peer.devices["PHONE_1"].current_job)
        bench.unplug("1-1")
        await peer.failed(first, Code.USB_UNPLUGGED)
        bench.plug("1-3", "PHONE_1")
        await peer.completed(second.job_id)
        assert peer.devices["PHONE_1"].port == STATION.format(3)


async def test_a_port_that_is_not_ours_is_left_alone(
    peer: BridgePeer, bench: FakeUsb, tmp_path: Path
) -> None:
    theirs = bench.plug("1-1", "THEIRS")
    bench.plug("1-2", "OURS")
    rules = (PortRule(STATION.format(2), "Bench 2"),)
    async with usb_hub(peer, bench, tmp_path, usb_port=rules):
        await peer.online("OURS")
        ours = peer.devices["OURS"]
        assert ours.port == "Bench 2"
        assert "THEIRS" not in peer.devices
        assert theirs.history == []


async def test_devices_in_other_modes_are_listed_with_a_hint_and_not_flashed(
    peer: BridgePeer, bench: FakeUsb, tmp_path: Path
) -> None:
    bench.sysfs.plug("1-1", ADB, ids=(0x18D1, 0x4EE7), serial="PHONE_1", model="Pixel 6")
    bench.sysfs.plug("1-2", KEYBOARD, ids=(0x046D, 0xC31C), serial="KEYS")
    async with usb_hub(peer, bench, tmp_path):
        await peer.online("PHONE_1")
        phone = peer.devices["PHONE_1"]
        assert (phone.mode, phone.mode_confidence, phone.product) == ("adb", 0.95, "Pixel 6")
        assert "adb reboot bootloader" in (phone.hint or "")
        refused = await peer.start("PHONE_1")
        assert (refused.accepted, refused.code) == (False, Code.ILLEGAL_STATE)
        assert "KEYS" not in peer.devices
        bench.sysfs.unplug("1-1")
        bench.plug("1-1", "PHONE_1")
        await until(lambda: peer.devices["PHONE_1"].mode == "fastboot")
        await until(lambda: peer.devices["PHONE_1"].hint is None)
        await peer.completed((await peer.start("PHONE_1", total_bytes=MIB)).job_id)


async def test_a_phone_that_changes_its_mode_in_an_instant_is_listed_in_the_new_one(
    peer: BridgePeer, bench: FakeUsb, tmp_path: Path
) -> None:
    bench.sysfs.plug("1-1", MTP, serial="PHONE_1")
    async with usb_hub(peer, bench, tmp_path):
        await peer.online("PHONE_1")
        assert peer.devices["PHONE_1"].mode == "mtp"
        bench.sysfs.unplug("1-1")
        bench.sysfs.plug("1-1", ADB, serial="PHONE_1")  # debugging was switched on, as hinted
        await until(lambda: peer.devices["PHONE_1"].mode == "adb")
        assert "adb reboot bootloader" in (peer.devices["PHONE_1"].hint or "")


async def test_another_phone_in_the_same_port_is_another_device(
    peer: BridgePeer, bench: FakeUsb, tmp_path: Path
) -> None:
    bench.plug("1-1", "PHONE_1")
    async with usb_hub(peer, bench, tmp_path):
        await peer.online("PHONE_1")
        bench.unplug("1-1")
        bench.plug("1-1", "PHONE_2")
        await peer.online("PHONE_2")
        await until(lambda: not peer.devices["PHONE_1"].online)


async def test_two_phones_of_one_serial_are_two_devices(
    peer: BridgePeer, bench: FakeUsb, tmp_path: Path
) -> None:
    bench.plug("1-1", "TWIN")
    bench.plug("1-2", "TWIN")
    async with usb_hub(peer, bench, tmp_path):
        await peer.online("TWIN")
        await until(lambda: len([each for each in peer.devices.values() if each.online]) == 2)
        ports = {each.port: name for name, each in peer.devices.items()}
    async with usb_hub(peer, bench, tmp_path):
        await until(lambda: len([each for each in peer.devices.values() if each.online]) == 2)
        assert {each.port: name for name, each in peer.devices.items()} == ports


async def test_a_device_that_is_gone_after_a_restart_of_the_hub_is_remembered_as_offline(
    peer: BridgePeer, bench: FakeUsb, tmp_path: Path
) -> None:
    bench.plug("1-1", "PHONE_1")
    async with usb_hub(peer, bench, tmp_path):
        await peer.online("PHONE_1")
    bench.unplug("1-1")
    async with usb_hub(peer, bench, tmp_path):
        await until(lambda: not peer.devices["PHONE_1"].online)
        assert peer.devices["PHONE_1"].transport == "usb"
        bench.plug("1-1", again=True)
        await peer.online("PHONE_1")


async def test_a_device_that_left_and_is_back_during_one_look_is_told_to_be_back(
    peer: BridgePeer, bench: FakeUsb, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.plug("1-1", "PHONE_1", f"download:1=cut@{MIB}")
    asked, goes_on = Event(), Event()

    def long_look(*asked_for: Any) -> Description:
        asked.set()
        assert goes_on.wait(60.0)
        return learn(*asked_for)

    async with usb_hub(peer, bench, tmp_path) as work:
        await peer.online("PHONE_1")
        port = work.hub._agents["PHONE_1"].port
        monkeypatch.setattr("flashyard.agent.watch.learn", long_look)
        job = (await peer.start("PHONE_1", total_bytes=4 * MIB)).job_id
        await peer.failed(job, Code.USB_UNPLUGGED)
        await until(asked.is_set)
        await gone(peer, "PHONE_1")
        bench.plug("1-1", again=True)
        await until(lambda: port.plugged)
        goes_on.set()
        await peer.online("PHONE_1")


async def test_of_devices_that_left_only_so_many_are_kept_in_mind(
    peer: BridgePeer, bench: FakeUsb, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flashyard.agent.hotplug._MOST_ABSENT", 1)
    async with usb_hub(peer, bench, tmp_path):
        for serial in ("PHONE_1", "PHONE_2"):
            bench.plug("1-1", serial)
            await peer.online(serial)
            bench.unplug("1-1")
            await gone(peer, serial)
        await until(lambda: "PHONE_1" not in peer.devices)
        assert "PHONE_2" in peer.devices


async def test_a_device_that_cannot_be_opened_yet_is_tried_again(
    peer: BridgePeer, bench: FakeUsb, tmp_path: Path
) -> None:
    device = bench.plug("1-1", "PHONE_1")
    device.claims.add(0)  # somebody else's
    async with usb_hub(peer, bench, tmp_path):
        await until(lambda: device.history.count("open") > 2)
        await until(lambda: "PHONE_1" in peer.devices and peer.devices["PHONE_1"].hint)
        assert not peer.devices["PHONE_1"].online
        assert "Another program holds the device" in (peer.devices["PHONE_1"].hint or "")
        device.claims.clear()
        await peer.online("PHONE_1")
        assert peer.devices["PHONE_1"].hint is None


async def test_an_idle_device_is_not_opened_again_and_again(
    peer: BridgePeer, bench: FakeUsb, tmp_path: Path
) -> None:
    device = bench.plug("1-1", "PHONE_1")
    async with usb_hub(peer, bench, tmp_path):
        await peer.online("PHONE_1")
        opened = device.history.count("open")
        bench.plug("1-2", "PHONE_2")  # many looks later
        await peer.online("PHONE_2")
        assert device.history.count("open") == opened


async def test_a_host_without_usb_has_a_hub_all_the_same(peer: BridgePeer, tmp_path: Path) -> None:
    nothing = UsbHost(Sysfs(tmp_path / "no sys"))
    async with hub_at_work(peer.link_url, tmp_path, {}, host=nothing):
        assert peer.devices == {}


async def test_behind_one_controller_jobs_wait_their_turn_and_hold_up_no_device_elsewhere(
    peer: BridgePeer, bench: FakeUsb, plug: Plug, tmp_path: Path
) -> None:
    for number in (1, 2):
        bench.plug(f"1-{number}", f"PHONE_{number}", link_speed=4 * MIB)
    told = {"timing": TIMING, "host": bench.host, "max_per_controller": 1}
    board = {"BOARD": plug("BOARD").address}
    async with hub_at_work(peer.link_url, tmp_path, board, **told):
        for name in ("PHONE_1", "PHONE_2", "BOARD"):
            await peer.online(name)
        first, second, other = [
            await peer.start(name, total_bytes=2 * MIB) for name in ("PHONE_1", "PHONE_2", "BOARD")
        ]
        assert [first.status, second.status] == [Status.RUNNING, Status.QUEUED]
        assert other.status is Status.RUNNING
        assert [entry.job_id for entry in peer.devices["PHONE_2"].queue] == [second.job_id]
        for receipt in (other, first, second):
            await peer.completed(receipt.job_id)
        [one], [two] = (peer.said(JobRecord, each.job_id) for each in (first, second))
        assert (one.job.finished_at or 0) <= (two.job.started_at or 0)


async def test_a_job_waits_for_a_phone_that_is_away_until_it_is_back_in_a_mode_to_be_flashed_in(
    peer: BridgePeer, bench: FakeUsb, tmp_path: Path
) -> None:
    bench.plug("1-1", "PHONE_1")
    async with usb_hub(peer, bench, tmp_path):
        await peer.online("PHONE_1")
        bench.unplug("1-1")
        await gone(peer, "PHONE_1")
        job_id = (await peer.start("PHONE_1", wait_for_device=True)).job_id
        bench.sysfs.plug("1-2", ADB, serial="PHONE_1")
        await until(lambda: peer.devices["PHONE_1"].mode == "adb")
        [entry] = peer.devices["PHONE_1"].queue
        assert (entry.job_id, entry.stage) == (job_id, "Waiting for the device")
        assert (await peer.start("PHONE_1", wait_for_device=True)).status is Status.QUEUED
        bench.sysfs.unplug("1-2")
        bench.plug("1-1", again=True)
        await peer.completed(job_id)
