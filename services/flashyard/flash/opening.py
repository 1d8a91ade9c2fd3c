"""The kinds of places a device can be at, and how what is there is opened to be written.

It knows no agent and no job. Another kind of device is another address here, and in `probe`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from flashyard.flash.block.address import DiskAddress
from flashyard.flash.dfu.address import DfuAddress
from flashyard.flash.fastboot.limits import Limits
from flashyard.flash.fastboot.target import FastbootTarget
from flashyard.flash.fastboot.transport import Address
from flashyard.flash.fastboot.usb import UsbAddress
from flashyard.flash.ports.modes import classify
from flashyard.flash.ports.plugged import Drive, Plugged
from flashyard.flash.target import Target, Tell
from flashyard.flash.usb.host import UsbHost

DeviceAddress: TypeAlias = Address | UsbAddress | DiskAddress | DfuAddress

_NO_DRIVE = Drive(0, "", "", 0)


def open_target(address: DeviceAddress, tell: Tell, limits: Limits) -> Target:
    """Open the device at an address for writing; its lines go to ``tell``.

    ``limits``: fastboot's deadlines; DFU devices tell their own. Raises what targets raise.
    """
    if isinstance(address, DiskAddress | DfuAddress):
        return address.open(tell)
    return FastbootTarget.open(address, tell, limits)


def addresses(
    host: UsbHost, plugged: Plugged, name: str, largest_disk: int
) -> Mapping[int, DeviceAddress]:
    """Tell where the devices are that a plug brought: one, but for a reader of several cards.

    ``name``: what people call the port. Returned by logical unit, which is 0 for all but disks.
    """
    way = classify(plugged).way
    station, serial = plugged.station, plugged.serial
    if way == "disk":
        return {
            drive.lun: DiskAddress(host, station, name, serial, drive, largest_disk)
            for drive in plugged.drives or (_NO_DRIVE,)
        }
    if way == "dfu":
        return {0: DfuAddress(host, station, name, serial)}
    return {0: UsbAddress(host, station, name, serial)}
