"""The one owner of a host's USB: finds what is at a station, and opens it for whoever may.

It refuses to know which stations are whose.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock

import usb.core

from flashyard.contract.faults import Code, FaultError, refuse
from flashyard.flash.ports import disk
from flashyard.flash.ports.plugged import Plugged
from flashyard.flash.ports.sysfs import Sysfs
from flashyard.flash.usb.backend import Backend, Device, load_backend
from flashyard.flash.usb.breakage import Site, told_as_faults
from flashyard.flash.usb.budget import Budget, TransferSizes
from flashyard.flash.usb.pipes import Pipes

_LOOK_AGAIN = 0.1  # seconds
# What passes by itself while a device has just come: rules are still to run, others let go.
_PASSING = frozenset({Code.USB_UNPLUGGED, Code.LINK_LOST})


class UsbHost:
    """A host's USB; one for a process, so that its transfers share one budget.

    ``backend``: pyusb's; by default libusb, loaded when the first device is opened. ``disks``: the
    host as far as it has disks, which some of the devices are.
    """

    def __init__(
        self,
        sysfs: Sysfs | None = None,
        backend: Callable[[], Backend] = load_backend,
        disks: disk.Host | None = None,
    ) -> None:
        self.sysfs = sysfs or Sysfs()
        self.disks = disks or disk.Host()
        self.budget = Budget(self.sysfs.transfer_memory())
        self.sizes = TransferSizes()
        self._load = backend
        self._backend: Backend | None = None
        self._loading = Lock()

    def open(
        self, station: str, serial: str | None, spoken: tuple[int, int, int], wait: float
    ) -> Pipes:
        """Claim the interface of a device that speaks a protocol; tried again for ``wait`` seconds.

        ``serial``: the device's, as it says on USB; ``spoken``: the interface's class, subclass
        and protocol.

        Raises:
            FaultError: `usb_unplugged` (nothing there, or nothing that speaks so),
                `device_mismatch` (another device has its place), `link_lost`
                (another program has it, or we may not open it), `not_supported` (no libusb).
        """
        deadline = time.monotonic() + wait
        while True:
            try:
                return self._open(station, serial, spoken)
            except FaultError as error:
                if error.fault.code not in _PASSING or time.monotonic() >= deadline:
                    raise
            time.sleep(_LOOK_AGAIN)

    def _open(self, station: str, serial: str | None, spoken: tuple[int, int, int]) -> Pipes:
        plugged = self.sysfs.at(station)
        if plugged is not None and plugged.serial != serial:
            raise refuse(
                Code.DEVICE_MISMATCH,
                "Another device is in the port now.",
                details=f"{plugged.serial} instead of {serial}",
            )
        if plugged is None or spoken not in {each.triplet for each in plugged.functions}:
            raise refuse(
                Code.USB_UNPLUGGED,
                "There is no device in the mode it is flashed in.",
                details=f"{station}: {plugged.ids if plugged else 'empty'}",
            )
        site = Site(plugged, self.sysfs)
        with told_as_faults("opening it", site):
            return Pipes.claim(self.find(plugged), spoken, site, self.budget, self.sizes)

    def find(self, plugged: Plugged) -> Device:
        """Find what libusb has of a device; nothing is opened by that.

        Raises:
            FaultError: `usb_unplugged`, `not_supported` (no libusb).
            usb.core.USBError: libusb cannot look.
        """
        with self._loading:
            found = self._search(plugged) if self._backend else None
            if found is None:
                self._backend = self._load()
                found = self._search(plugged)
        if found is None:
            raise refuse(Code.USB_UNPLUGGED, "The device is gone again.", details=plugged.station)
        return found

    def _search(self, plugged: Plugged) -> Device | None:
        return usb.core.find(backend=self._backend, bus=plugged.bus, address=plugged.address)
