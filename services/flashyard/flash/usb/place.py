"""Where on this host's USB one device is, and nothing else: what all kinds of addresses share.

It opens nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from flashyard.contract.faults import Code, refuse
from flashyard.flash.ports.plugged import Plugged
from flashyard.flash.usb.host import UsbHost


@dataclass(frozen=True, slots=True)
class UsbPlace:
    """``name`` is what people call the port, ``serial`` what its device says on USB.

    No other device is opened there, though it may have enumerated again, in another mode.
    """

    host: UsbHost
    station: str
    name: str
    serial: str | None

    @property
    def transport(self) -> Literal["usb"]:
        """What leads there."""
        return "usb"

    def __str__(self) -> str:
        return self.name

    def plugged(self) -> Plugged:
        """Tell what is plugged in there, whatever it is.

        Raises:
            FaultError: `usb_unplugged`: nothing is.
        """
        plugged = self.host.sysfs.at(self.station)
        if plugged is None:
            raise refuse(Code.USB_UNPLUGGED)
        return plugged

    def expected(self) -> Plugged:
        """Tell what is plugged in there, if it is the device that is meant.

        Raises:
            FaultError: `usb_unplugged`; `device_mismatch`: another serial is there.
        """
        plugged = self.plugged()
        if plugged.serial != self.serial:
            raise refuse(
                Code.DEVICE_MISMATCH,
                "Another device is in the port now.",
                details=f"{plugged.serial} instead of {self.serial}",
            )
        return plugged
