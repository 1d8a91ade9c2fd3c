"""A USB bus without a host: a backend for pyusb, and on it emulated devices that can be pulled.

The bytes really travel, through sockets, to the emulator's bulk wire.
"""

# ruff: noqa: ARG002 - the signatures are pyusb's

from __future__ import annotations

import errno
import socket
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread
from types import SimpleNamespace
from typing import Any

import usb.backend
import usb.core

from flashyard.flash.emulator import EmulatedDevice, Profile
from flashyard.flash.emulator.bulk import BulkWire
from flashyard.flash.emulator.mischief import parse_mischief
from flashyard.flash.emulator.wire import WireGoneError
from flashyard.flash.fastboot.usb import UsbAddress
from flashyard.flash.ports.sysfs import Sysfs
from flashyard.flash.usb.host import UsbHost
from support.fake_sysfs import FASTBOOT, FakeSysfs

INTO, OUT = 0x81, 0x02
STATION = "pci-0000:00:14.0-usb-0:{}"
_PIECE = 16 << 10  # what a socket takes as one packet
_GONE = "No such device (it may have been disconnected)"


def error(number: int, words: str = "as the test wants it") -> usb.core.USBError:
    if number == errno.ETIMEDOUT:
        return usb.core.USBTimeoutError(words, -7, number)
    return usb.core.USBError(words, -1, number)


class FakeDevice:
    """One device in one port.

    Attributes:
        claims: what is claimed of it now; ``history``: what was done to it, in order.
        refusals: errors that the next bulk writes meet, first come first served.
        limit: bytes of a transfer over which the host is out of memory.
        writes: how many bytes each transfer took.
        takes: bytes after which a write times out, having moved as many.
    """

    def __init__(self, bench: FakeUsb, name: str, profile: Profile, address: int) -> None:
        self.name = name
        self.bus, self.address = int(name.split("-", maxsplit=1)[0]), address
        self.claims: set[int] = set()
        self.history: list[str] = []
        self.refusals: list[usb.core.USBError] = []
        self.limit: int | None = None
        self.takes: int | None = None
        self.writes: list[int] = []
        self.kernel_driver = False
        self.endpoints: tuple[int, ...] = (INTO, OUT)
        self.emulated = EmulatedDevice(profile, bench.out)
        self._bench = bench
        self._off = Event()
        self._sockets: list[socket.socket] = []
        self._thread: Thread | None = None

    def switch_on(self) -> None:
        self.close()
        kinds = socket.SOCK_STREAM, socket.SOCK_SEQPACKET  # data has no packets, answers do
        self._sockets = [end for kind in kinds for end in socket.socketpair(socket.AF_UNIX, kind)]
        self._off = Event()
        self._thread = Thread(target=self._serve, name=f"usb {self.name}", daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        out, into = self._sockets[1].fileno(), self._sockets[3].fileno()
        wire = BulkWire(out, into, self._off.wait, self.vanish)
        boots = self.emulated.device.boots
        with suppress(WireGoneError):
            self.emulated._serve(wire)
        if self.emulated.device.boots > boots:
            self._bench.unplug(self.name)

    def vanish(self) -> None:
        """Be pulled out."""
        self._bench.unplug(self.name)

    def switch_off(self) -> None:
        self._off.set()
        for end in self._sockets:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.switch_off()
        if self._thread is not None:
            self._thread.join(10)
        for end in self._sockets:
            end.close()

    def write(self, data: array[int], timeout: int) -> int:
        self._check()
        if self.refusals:
            raise self.refusals.pop(0)
        if self.limit is not None and len(data) > self.limit:
            raise error(errno.ENOMEM)
        if not data:
            raise AssertionError("an empty packet")
        view = memoryview(data)[: self.takes]
        self._sockets[0].settimeout(timeout / 1000)
        sent = 0
        try:
            while sent < len(view):
                sent += self._sockets[0].send(view[sent : sent + _PIECE])
        except TimeoutError:
            if not sent:
                raise error(errno.ETIMEDOUT) from None
        except OSError:
            raise error(errno.ENODEV, _GONE) from None
        self.writes.append(sent)
        return sent

    def read(self, buffer: array[int], timeout: int) -> int:
        self._check()
        self._sockets[2].settimeout(timeout / 1000)
        try:
            packet = self._sockets[2].recv(len(buffer))
        except TimeoutError:
            raise error(errno.ETIMEDOUT) from None
        except OSError:
            raise error(errno.ENODEV, _GONE) from None
        if not packet:
            raise error(errno.ENODEV, _GONE)
        buffer[: len(packet)] = array("B", packet)
        return len(packet)

    def _check(self) -> None:
        if self._off.is_set():
            raise error(errno.ENODEV, _GONE)
        if 0 not in self.claims:
            raise AssertionError("a transfer without a claim")


class FakeUsb(usb.backend.IBackend):
    """A bus; meets pyusb's backend as far as it is used."""

    def __init__(self, directory: Path) -> None:
        self.sysfs = FakeSysfs(directory / "sys")
        self.out = directory / "devices"
        self.devices: dict[str, FakeDevice] = {}
        self.everything: list[FakeDevice] = []
        self.open_errors: list[usb.core.USBError] = []
        self.is_mended_by: Callable[[FakeDevice, str], None] = lambda _device, _what: None
        self.host = UsbHost(Sysfs(self.sysfs.root), lambda: self)

    def plug(
        self, name: str, serial: str = "USB_1", *faults: str, again: bool = False, **traits: Any
    ) -> FakeDevice:
        """Plug a device in that is in fastboot; ``again``: the one that was there last."""
        known = self.devices.get(name)
        if again and known is not None:
            serial = known.emulated.profile.serial
        address = self.sysfs.plug(name, FASTBOOT, serial=serial)
        if again and known is not None:
            known.address = address
            known.switch_on()
            return known
        profile = replace(
            Profile(serial=serial), faults=tuple(parse_mischief(each) for each in faults), **traits
        )
        device = self.devices[name] = FakeDevice(self, name, profile, address)
        self.everything.append(device)
        device.switch_on()
        return device

    def unplug(self, name: str) -> None:
        with suppress(OSError):  # twice is fine: a device may leave by itself
            self.sysfs.unplug(name)
        self.devices[name].switch_off()

    def at(self, name: str) -> UsbAddress:
        station = STATION.format(name.split("-")[1])
        known = self.devices.get(name)
        serial = known.emulated.profile.serial if known else None
        return UsbAddress(self.host, station, station, serial)

    def close(self) -> None:
        for device in self.everything:
            device.close()

    # IBackend

    def enumerate_devices(self) -> Iterator[FakeDevice]:
        return (each for each in self.devices.values() if not each._off.is_set())

    def get_device_descriptor(self, dev: FakeDevice) -> SimpleNamespace:
        codes = dict.fromkeys(("bDeviceClass", "bDeviceSubClass", "bDeviceProtocol"), 0)
        words = dict.fromkeys(("iManufacturer", "iProduct", "iSerialNumber"), 0)
        numbers = {"idVendor": 0x18D1, "idProduct": 0x4EE0, "bcdUSB": 0x200, "bcdDevice": 0}
        place = {"bus": dev.bus, "address": dev.address, "port_number": 1, "port_numbers": (1,)}
        sizes = {"bLength": 18, "bDescriptorType": 1, "bMaxPacketSize0": 64}
        return SimpleNamespace(
            **codes, **words, **numbers, **place, **sizes, bNumConfigurations=1, speed=3
        )

    def get_configuration_descriptor(self, dev: FakeDevice, config: int) -> SimpleNamespace:
        if config:
            raise IndexError
        sizes = {"bLength": 9, "bDescriptorType": 2, "wTotalLength": 32, "bNumInterfaces": 1}
        return SimpleNamespace(
            **sizes,
            bConfigurationValue=1,
            iConfiguration=0,
            bmAttributes=0x80,
            bMaxPower=250,
            extra_descriptors=[],
        )

    def get_interface_descriptor(
        self, dev: FakeDevice, intf: int, alt: int, config: int
    ) -> SimpleNamespace:
        if intf or alt:
            raise IndexError
        codes = {"bInterfaceClass": 0xFF, "bInterfaceSubClass": 0x42, "bInterfaceProtocol": 3}
        numbers = {"bInterfaceNumber": 0, "bAlternateSetting": 0, "iInterface": 0}
        sizes = {"bLength": 9, "bDescriptorType": 4, "bNumEndpoints": len(dev.endpoints)}
        return SimpleNamespace(**codes, **numbers, **sizes, extra_descriptors=[])

    def get_endpoint_descriptor(
        self, dev: FakeDevice, ep: int, intf: int, alt: int, config: int
    ) -> SimpleNamespace:
        sizes = {"bLength": 7, "bDescriptorType": 5, "wMaxPacketSize": 512, "bInterval": 0}
        return SimpleNamespace(
            **sizes,
            bEndpointAddress=dev.endpoints[ep],
            bmAttributes=2,
            bRefresh=0,
            bSynchAddress=0,
            extra_descriptors=[],
        )

    def open_device(self, dev: FakeDevice) -> FakeDevice:
        if self.open_errors:
            raise self.open_errors.pop(0)
        dev.history.append("open")
        return dev

    def close_device(self, dev_handle: FakeDevice) -> None:
        dev_handle.history.append("close")

    def get_configuration(self, dev_handle: FakeDevice) -> int:
        return 1

    def claim_interface(self, dev_handle: FakeDevice, intf: int) -> None:
        if intf in dev_handle.claims or dev_handle.kernel_driver:
            raise error(errno.EBUSY)
        dev_handle.claims.add(intf)

    def release_interface(self, dev_handle: FakeDevice, intf: int) -> None:
        dev_handle.claims.discard(intf)

    def bulk_write(
        self, dev_handle: FakeDevice, ep: int, intf: int, data: Any, timeout: int
    ) -> int:
        assert ep == OUT
        return dev_handle.write(data, timeout)

    def bulk_read(self, dev_handle: FakeDevice, ep: int, intf: int, buff: Any, timeout: int) -> int:
        assert ep == INTO
        return dev_handle.read(buff, timeout)

    def clear_halt(self, dev_handle: FakeDevice, ep: int) -> None:
        dev_handle.history.append(f"clear {ep:#04x}")
        self.is_mended_by(dev_handle, "clear")

    def reset_device(self, dev_handle: FakeDevice) -> None:
        dev_handle.history.append("reset")
        self.is_mended_by(dev_handle, "reset")

    def is_kernel_driver_active(self, dev_handle: FakeDevice, intf: int) -> bool:
        return dev_handle.kernel_driver

    def detach_kernel_driver(self, dev_handle: FakeDevice, intf: int) -> None:
        dev_handle.kernel_driver = False
        dev_handle.history.append("detach")

    def attach_kernel_driver(self, dev_handle: FakeDevice, intf: int) -> None:
        dev_handle.kernel_driver = True
        dev_handle.history.append("attach")


@contextmanager
def fake_usb(directory: Path) -> Iterator[FakeUsb]:
    bench = FakeUsb(directory)
    try:
        yield bench
    finally:
        bench.close()
