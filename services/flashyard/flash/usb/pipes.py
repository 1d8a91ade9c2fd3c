"""A claimed interface with one bulk pipe each way: bytes out, packets in, and its repair.

It refuses to know what they say. A claim is given back whatever happens.
"""

from __future__ import annotations

import errno
import time
from array import array
from contextlib import ExitStack, suppress
from typing import Self

import usb.core
import usb.util

from flashyard.contract.faults import Code, refuse
from flashyard.flash.usb.backend import Device, Interface
from flashyard.flash.usb.breakage import Site, told_as_faults
from flashyard.flash.usb.budget import Budget, TransferSizes, until

_ANSWER = 4096  # bytes asked for at once: a multiple of every packet size
_STALE = 0.02  # seconds in which an answer that was left behind comes
_MOST_STALE = 256  # packets


class Pipes:
    """Made by :meth:`claim`; for one thread at a time."""

    def __init__(
        self,
        device: Device,
        interface: Interface,
        site: Site,
        budget: Budget,
        sizes: TransferSizes,
    ) -> None:
        self.site = site
        self._device = device
        self._out, self._in = _bulk_pair(interface)
        self._budget = budget
        self._sizes = sizes
        self._buffer = array("B")
        self._claims = ExitStack()

    @classmethod
    def claim(
        cls,
        device: Device,
        spoken: tuple[int, int, int],
        site: Site,
        budget: Budget,
        sizes: TransferSizes,
    ) -> Self:
        """Claim the interface that speaks so, from a kernel driver where one has it.

        Raises:
            FaultError: `protocol_error`: it has not one bulk endpoint each way.
            usb.core.USBError: it cannot be opened.
        """
        with ExitStack() as claims:
            claims.callback(usb.util.dispose_resources, device)
            interface = _speaking(device, spoken)
            number = interface.bInterfaceNumber
            pipes = cls(device, interface, site, budget, sizes)
            if device.is_kernel_driver_active(number):
                device.detach_kernel_driver(number)
                claims.callback(_give_back, device, number)
            usb.util.claim_interface(device, number)
            claims.callback(_release, device, number)
            claims.enter_context(budget.session())
            pipes._claims = claims.pop_all()
        return pipes

    def write(self, data: memoryview, wait: float) -> int:
        """Send one transfer of it; return how many bytes were taken, at least one.

        A host short of memory for it is asked for less, and so is this port from then on. There is
        never an empty packet: it would end nothing, and some devices freeze on it.

        Raises:
            FaultError: `device_silent`, `usb_unplugged`, `link_lost`.
        """
        deadline = time.monotonic() + wait
        station = self.site.plugged.station
        with told_as_faults("sending", self.site):
            while True:
                size = min(len(data), self._sizes.of(station), self._budget.share)
                try:
                    with self._budget.hold(size, until(deadline)):
                        return self._write(data[:size], deadline)
                except usb.core.USBError as error:
                    smaller = error.errno in {errno.ENOMEM, errno.EIO} and self._sizes.halve(
                        station, size
                    )
                    # libusb says ENOMEM where it could not begin; of EIO it is open what arrived,
                    # and sending it again could send it twice.
                    if not (smaller and error.errno == errno.ENOMEM):
                        raise

    def _write(self, data: memoryview, deadline: float) -> int:
        if len(self._buffer) != len(data):
            self._buffer = array("B", bytes(len(data)))
        memoryview(self._buffer)[:] = data
        taken = self._device.write(self._out, self._buffer, _milliseconds(until(deadline)))
        if not taken:
            raise TimeoutError("the device took nothing")
        return int(taken)

    def read(self, wait: float) -> bytes:
        """Receive one answer; empty packets are none.

        Raises:
            FaultError: `device_silent`, `usb_unplugged`, `link_lost`.
        """
        deadline = time.monotonic() + wait
        with told_as_faults("waiting for its answer", self.site):
            while True:
                got = self._device.read(self._in, _ANSWER, _milliseconds(until(deadline)))
                if got:
                    return bytes(got)
                if time.monotonic() >= deadline:
                    raise TimeoutError("nothing but empty packets")

    def read_into(self, into: memoryview, wait: float) -> int:
        """Receive one transfer of data; return how many bytes came, at least one.

        Raises:
            FaultError: `device_silent`, `usb_unplugged`, `link_lost`.
        """
        deadline = time.monotonic() + wait
        size = min(len(into), self._sizes.of(self.site.plugged.station), self._budget.share)
        with told_as_faults("fetching data", self.site):
            while True:
                with self._budget.hold(size, until(deadline)):
                    got = self._device.read(self._in, size, _milliseconds(until(deadline)))
                if got:
                    into[: len(got)] = memoryview(got)
                    return len(got)
                if time.monotonic() >= deadline:
                    raise TimeoutError("nothing but empty packets")

    def drain(self) -> None:
        """Drop the answers that whoever was here before did not wait for.

        Raises:
            FaultError: `usb_unplugged`, `link_lost`.
        """
        with told_as_faults("clearing its line", self.site):
            for _ in range(_MOST_STALE):
                try:
                    self._device.read(self._in, _ANSWER, _milliseconds(_STALE))
                except usb.core.USBTimeoutError:
                    return

    def clear_halts(self) -> None:
        """Take both pipes out of a halt, and their toggles to the beginning."""
        with told_as_faults("clearing a halt", self.site):
            self._device.clear_halt(self._in)
            self._device.clear_halt(self._out)

    def reset(self) -> None:
        """Reset the device, which ends its half of everything; the pipes are closed by it."""
        with told_as_faults("resetting it", self.site):
            try:
                self._device.reset()
            finally:
                self.close()

    def close(self) -> None:
        """Give the claim back; never raises."""
        with suppress(usb.core.USBError, NotImplementedError):
            self._claims.close()


def _speaking(device: Device, spoken: tuple[int, int, int]) -> Interface:
    for interface in device.get_active_configuration():
        codes = (
            interface.bInterfaceClass,
            interface.bInterfaceSubClass,
            interface.bInterfaceProtocol,
        )
        if codes == spoken and interface.bAlternateSetting == 0:
            return interface
    raise usb.core.USBError("no such interface any more", errno=errno.ENODEV)


def _bulk_pair(interface: Interface) -> tuple[int, int]:
    """Return the addresses of the one bulk endpoint each way: out, in."""
    bulk = [
        endpoint.bEndpointAddress
        for endpoint in interface
        if usb.util.endpoint_type(endpoint.bmAttributes) == usb.util.ENDPOINT_TYPE_BULK
    ]
    ways = [usb.util.endpoint_direction(address) for address in bulk]
    if sorted(ways) != [usb.util.ENDPOINT_OUT, usb.util.ENDPOINT_IN]:
        raise refuse(
            Code.PROTOCOL_ERROR,
            "The interface has not one bulk endpoint each way.",
            details=", ".join(f"{address:#04x}" for address in bulk),
        )
    return bulk[ways.index(usb.util.ENDPOINT_OUT)], bulk[ways.index(usb.util.ENDPOINT_IN)]


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1000))


def _release(device: Device, number: int) -> None:
    with suppress(usb.core.USBError):  # it may be gone
        usb.util.release_interface(device, number)


def _give_back(device: Device, number: int) -> None:
    with suppress(usb.core.USBError, NotImplementedError):
        device.attach_kernel_driver(number)
