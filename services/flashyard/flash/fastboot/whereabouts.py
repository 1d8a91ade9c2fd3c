"""What is at a fastboot device's place, as far as that is seen without talking to it."""

from __future__ import annotations

from flashyard.contract.faults import Code, refuse
from flashyard.flash.fastboot.usb import UsbAddress
from flashyard.flash.ports.modes import classify
from flashyard.flash.ports.sighting import Sighting


def look(address: object) -> Sighting | None:
    """Look at the port an address is of; None: there is none to look at, as over a network.

    Raises:
        FaultError: `device_mismatch`: the device in there says that it is another one.
    """
    if not isinstance(address, UsbAddress):
        return None
    plugged = address.host.sysfs.at(address.station)
    if plugged is None:
        return Sighting(None)
    if plugged.serial != address.serial and plugged.serial is not None:
        raise refuse(
            Code.DEVICE_MISMATCH,
            "Another device is in the port now.",
            details=f"{plugged.serial} instead of {address.serial}",
        )
    # One that does not say who it is proves nothing.
    mode = classify(plugged).mode if plugged.serial == address.serial else "unknown"
    return Sighting(mode, plugged.bus << 8 | plugged.address)
