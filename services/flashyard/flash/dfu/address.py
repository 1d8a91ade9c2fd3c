"""Where on this host's USB a DFU device is, be it in DFU mode or still running its firmware."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from flashyard.contract.faults import Code, refuse
from flashyard.flash.dfu.functional import LEAST, Functional
from flashyard.flash.dfu.spots import Spots
from flashyard.flash.dfu.target import DfuTarget, described
from flashyard.flash.dfu.usb_pipe import UsbPipe
from flashyard.flash.ports.modes import DFU
from flashyard.flash.ports.plugged import Plugged
from flashyard.flash.source import MAX_DOWNLOAD
from flashyard.flash.target import Description, Tell
from flashyard.flash.usb.host import UsbHost


@dataclass(frozen=True, slots=True)
class DfuAddress:
    """``name`` is what people call the port, ``serial`` what the device says on USB.

    No other device is opened there; but what it becomes when it goes into DFU mode may go by
    another serial, or by none.
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

    def open(self, tell: Tell) -> DfuTarget:
        """Open it, brought into DFU mode where it is not.

        Raises:
            FaultError: `usb_unplugged`, `device_mismatch`, and what :meth:`DfuTarget.open` raises.
        """
        self._expected()
        return DfuTarget.open(self._connect, tell)

    def describe(self) -> Description:
        """Tell what its descriptors say; nothing is asked of it, nor is it brought anywhere.

        Raises:
            FaultError: as :meth:`open`.
        """
        plugged = self._expected()
        if DFU not in {function.triplet for function in plugged.functions}:
            return _running(plugged)
        pipe = self._connect()
        try:
            functional = Functional.find(pipe.face.functional) or LEAST
            spots = Spots(pipe.face.alternates, is_dfuse=functional.is_dfuse)
            return described(pipe.face, spots)
        finally:
            pipe.close()

    def _expected(self) -> Plugged:
        plugged = self._plugged()
        if plugged.serial != self.serial:
            raise refuse(
                Code.DEVICE_MISMATCH,
                "Another device is in the port now.",
                details=f"{plugged.serial} instead of {self.serial}",
            )
        return plugged

    def _plugged(self) -> Plugged:
        plugged = self.host.sysfs.at(self.station)
        if plugged is None:
            raise refuse(Code.USB_UNPLUGGED)
        return plugged

    def _connect(self) -> UsbPipe:
        plugged = self._plugged()
        return UsbPipe.claim(lambda: self.host.find(plugged))


def _running(plugged: Plugged) -> Description:
    """Tell of a device what can be seen of its firmware: its memories show in DFU mode only."""
    return Description(
        product=plugged.model or plugged.ids,
        serial=None,  # in DFU mode it may be another
        version=None,
        mode="normal",
        slots=(),
        current_slot=None,
        max_download_size=MAX_DOWNLOAD,
        locked=None,
        battery_mv=None,
        battery_ok=None,
        emulated=False,
        name=plugged.model,
    )
