"""A USB bus in software, behind pyusb's own seam: what libusb would say of one DFU device."""

from __future__ import annotations

import errno
from array import array
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import usb.backend
import usb.core

from flashyard.contract.faults import FaultError
from flashyard.flash.dfu.control import Request, StallError
from support.dfu_device import DfuDevice

BUS, PORTS = 3, (1, 4)
_STRINGS = {1: "Paper", 2: "P-1"}
_GET_DESCRIPTOR, _STANDARD_IN = 6, 0x80


class PaperBus(usb.backend.IBackend):
    """The backend of a bus with one device, whose interface 1 is a DFU one.

    Attributes:
        claimed, handles: what is open now; both 0 after everything was let go.
        broken: the errno with which every transfer fails, if any.
        busy_driver: does a driver of the kernel's hold the interface?
    """

    def __init__(self, device: DfuDevice, kind: tuple[int, int] = (0xFE, 1)) -> None:
        self.device = device
        self.claimed = self.handles = 0
        self.alternate = -1
        self.broken: int | None = None
        self.busy_driver = False
        self.timeouts: list[int] = []
        self._kind = kind

    def enumerate_devices(self) -> Iterator[DfuDevice]:
        if self.device.is_there:
            yield self.device

    def get_device_descriptor(self, _device: DfuDevice) -> Any:
        face = self.device.face
        names = ("bLength", "bDescriptorType", "bcdUSB", "bDeviceClass", "bDeviceSubClass",
                 "bDeviceProtocol", "bMaxPacketSize0", "iManufacturer")  # fmt: skip
        return SimpleNamespace(
            **dict.fromkeys(names, 0),
            idVendor=face.vendor,
            idProduct=face.product_id,
            bcdDevice=face.release,
            iProduct=1,
            iSerialNumber=2,
            bNumConfigurations=1,
            address=9,
            bus=BUS,
            port_number=PORTS[-1],
            port_numbers=PORTS,
            speed=3,
        )

    def get_configuration_descriptor(self, _device: DfuDevice, index: int) -> Any:
        if index:
            raise IndexError(index)
        names = ("bLength", "bDescriptorType", "wTotalLength", "iConfiguration", "bmAttributes",
                 "bMaxPower")  # fmt: skip
        fields = dict.fromkeys(names, 0)
        return SimpleNamespace(
            **fields, bNumInterfaces=2, bConfigurationValue=1, extra_descriptors=[]
        )

    def get_interface_descriptor(
        self, _device: DfuDevice, index: int, alternate: int, _configuration: int
    ) -> Any:
        face = self.device.face
        if alternate >= (len(face.alternates) if index else 1):
            raise IndexError(alternate)
        kind = self._kind if index else (8, 6)
        return SimpleNamespace(
            bLength=9,
            bDescriptorType=4,
            bInterfaceNumber=index,
            bAlternateSetting=alternate,
            bNumEndpoints=0,
            bInterfaceClass=kind[0],
            bInterfaceSubClass=kind[1],
            bInterfaceProtocol=face.protocol,
            iInterface=10 + alternate if index else 0,
            extra_descriptors=list(face.functional) if index else [],
        )

    def open_device(self, _device: DfuDevice) -> str:
        self.handles += 1
        return "handle"

    def close_device(self, _handle: str) -> None:
        self.handles -= 1

    def get_configuration(self, _handle: str) -> int:
        return 1

    def is_kernel_driver_active(self, _handle: str, _interface: int) -> bool:
        return self.busy_driver

    def detach_kernel_driver(self, _handle: str, _interface: int) -> None:
        self.busy_driver = False

    def claim_interface(self, _handle: str, interface: int) -> None:
        assert interface == 1
        assert not self.busy_driver
        self.claimed += 1

    def release_interface(self, _handle: str, _interface: int) -> None:
        self.claimed -= 1

    def set_interface_altsetting(self, _handle: str, interface: int, alternate: int) -> None:
        assert interface == 1
        self.alternate = alternate

    def reset_device(self, _handle: str) -> None:
        self.device.restart()
        raise usb.core.USBError("no such device", -4, errno.ENODEV)

    def ctrl_transfer(  # noqa: PLR0917 (as pyusb calls it)
        self,
        _handle: str,
        kind: int,
        request: int,
        value: int,
        index: int,
        data: array[int],
        timeout: int,
    ) -> int:
        if kind == _STANDARD_IN and request == _GET_DESCRIPTOR:
            return self._string(value & 0xFF, data)
        assert index == 1
        self.timeouts.append(timeout)
        if self.broken == errno.ETIMEDOUT:
            raise usb.core.USBTimeoutError("timed out", -7, errno.ETIMEDOUT)
        if self.broken is not None:
            raise usb.core.USBError("broken", -1, self.broken)
        try:
            if kind & 0x80:
                found = self.device.read(Request(request), value, len(data))
                data[: len(found)] = array("B", found)
                return len(found)
            self.device.write(Request(request), value, data.tobytes())
        except StallError:
            raise usb.core.USBError("pipe error", -9, errno.EPIPE) from None
        except FaultError:  # the only one a device in software has
            raise usb.core.USBError("no such device", -4, errno.ENODEV) from None
        return len(data)

    def _string(self, index: int, data: array[int]) -> int:
        names = {10 + each.number: each.name or "" for each in self.device.face.alternates}
        text = {0: "\u0409", **_STRINGS, **names}[index].encode("utf-16-le")
        told = bytes([len(text) + 2, 3]) + text
        data[: len(told)] = array("B", told)
        return len(told)
