from __future__ import annotations

from pathlib import Path

import pytest

from flashyard.flash.ports.sysfs import Sysfs
from support.fake_sysfs import ADB, FASTBOOT, FakeSysfs

PORT_1 = "pci-0000:00:14.0-usb-0:1"
PORT_4 = "pci-0000:00:14.0-usb-0:4"


@pytest.fixture
def fake(tmp_path: Path) -> FakeSysfs:
    return FakeSysfs(tmp_path)


def test_what_is_plugged_in_is_told_without_asking_it(fake: FakeSysfs) -> None:
    address = fake.plug("1-1", FASTBOOT, ADB, serial="PHONE_1", model="Pixel")
    found = Sysfs(fake.root).scan()[PORT_1]
    assert (found.bus, found.address, found.ids) == (1, address, "18d1:4ee0")
    assert (found.serial, found.model, found.maker) == ("PHONE_1", "Pixel", None)
    assert [each.triplet for each in found.functions] == [FASTBOOT[:3], ADB[:3]]
    assert found.speed == 480


def test_the_two_halves_of_a_usb_3_socket_are_one_station(fake: FakeSysfs) -> None:
    sysfs = Sysfs(fake.root)
    fake.plug("2-1", FASTBOOT, serial="FAST")
    assert {where: each.serial for where, each in sysfs.scan().items()} == {PORT_4: "FAST"}
    fake.unplug("2-1")
    fake.plug("1-4", FASTBOOT, serial="SLOW")
    assert {where: each.serial for where, each in sysfs.scan().items()} == {PORT_4: "SLOW"}


def test_a_fast_port_without_a_peer_is_not_taken_for_the_slow_one_of_its_number(
    fake: FakeSysfs,
) -> None:
    fake.plug("1-9", FASTBOOT)
    fake.plug("2-9", FASTBOOT)
    assert len(Sysfs(fake.root).scan()) == 2


def test_what_is_not_ready_is_not_there_yet(fake: FakeSysfs) -> None:
    fake.plug("1-1", FASTBOOT, configured=False)
    assert Sysfs(fake.root).scan() == {}


def test_a_device_that_came_again_is_another_enumeration(fake: FakeSysfs) -> None:
    sysfs = Sysfs(fake.root)
    fake.plug("1-1", FASTBOOT, serial="PHONE_1")
    first = sysfs.at(PORT_1)
    assert first is not None
    assert sysfs.is_still(first)
    fake.unplug("1-1")
    assert not sysfs.is_still(first)
    fake.plug("1-1", FASTBOOT, serial="PHONE_1")
    assert not sysfs.is_still(first)
    assert sysfs.at(PORT_1) != first


def test_a_serial_that_is_no_text_is_told_as_far_as_it_goes(fake: FakeSysfs) -> None:
    fake.plug("1-1", FASTBOOT)
    (fake.root / "bus/usb/devices/1-1/serial").write_bytes(b"\xff\xfe" + b"x" * 1000)
    found = Sysfs(fake.root).scan()[PORT_1]
    assert found.serial is not None
    assert len(found.serial) <= 256


def test_a_host_without_usb_has_nothing_plugged_in(tmp_path: Path) -> None:
    sysfs = Sysfs(tmp_path)
    assert not sysfs.is_there
    assert sysfs.scan() == {}
    assert sysfs.transfer_memory() == 16 << 20


def test_the_memory_for_transfers_is_what_the_kernel_says(fake: FakeSysfs) -> None:
    file = fake.root / "module/usbcore/parameters/usbfs_memory_mb"
    file.write_text("1000\n")
    assert Sysfs(fake.root).transfer_memory() == 1000 << 20
    file.write_text("0\n")
    assert Sysfs(fake.root).transfer_memory() == 0
