"""Every kind of device is opened and looked at through one door."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from flashyard.flash.block.address import DiskAddress
from flashyard.flash.block.target import BlockTarget
from flashyard.flash.dfu.address import DfuAddress
from flashyard.flash.fastboot.limits import Limits
from flashyard.flash.fastboot.target import FastbootTarget
from flashyard.flash.fastboot.usb import UsbAddress
from flashyard.flash.opening import DeviceAddress, addresses, open_target
from flashyard.flash.ports.plugged import Drive, Function, Plugged
from flashyard.flash.probe import learn, objection
from flashyard.flash.usb.host import UsbHost
from support.emulated import emulated
from support.paper_reader import STATION, PaperReader

PLUG = Plugged(STATION.format(1), "1-1", 1, 2, 0x1209, 1, serial="S")


def ignore(_line: str) -> None:
    """Nobody listens."""


def reached(host: UsbHost, *functions: tuple[int, int, int]) -> list[DeviceAddress]:
    plugged = replace(PLUG, functions=tuple(Function(*each) for each in functions))
    return list(addresses(host, plugged, "Bench 1", 100).values())


def test_what_is_plugged_in_is_reached_by_what_it_speaks(tmp_path: Path) -> None:
    host = PaperReader(tmp_path).host
    assert reached(host, (0xFF, 0x42, 3)) == [UsbAddress(host, PLUG.station, "Bench 1", "S")]
    dfu = DfuAddress(host, PLUG.station, "Bench 1", "S")
    assert reached(host, (0xFE, 1, 2)) == reached(host, (0x03, 1, 1), (0xFE, 1, 1)) == [dfu]
    none = DiskAddress(host, PLUG.station, "Bench 1", "S", Drive(0, "", "", 0), 100)
    assert reached(host, (8, 6, 0x50)) == [none]
    # What cannot be flashed has an address all the same: it is listed.
    assert reached(host, (0xFF, 0x42, 1)) == [UsbAddress(host, PLUG.station, "Bench 1", "S")]


def test_a_disk_and_a_device_on_the_network_go_through_the_same_door(tmp_path: Path) -> None:
    bench = PaperReader(tmp_path / "bench")
    bench.plug("1-1")
    bench.insert("1-1")
    plugged = bench.host.sysfs.at(STATION.format(1))
    assert plugged is not None
    disk = addresses(bench.host, plugged, "Bench 1", 1 << 30)[0]
    with open_target(disk, ignore, Limits()) as target:
        assert isinstance(target, BlockTarget)
        assert learn(disk) == target.describe()
    assert objection(disk) is None
    with emulated(tmp_path / "phone") as device:
        with open_target(device.address, ignore, Limits()) as target:
            assert isinstance(target, FastbootTarget)
        assert learn(device.address).emulated
        assert objection(device.address) is None
