"""A control pipe over libusb: the one module here that knows USB's library."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Self

import usb.backend
import usb.core
import usb.util

from flashyard.contract.faults import Code, FaultError, refuse
from flashyard.flash.dfu.control import CLASS, SUBCLASS, Alternate, Face, Request, StallError

_OUT = usb.util.build_request_type(
    usb.util.CTRL_OUT, usb.util.CTRL_TYPE_CLASS, usb.util.CTRL_RECIPIENT_INTERFACE
)
_IN = usb.util.build_request_type(
    usb.util.CTRL_IN, usb.util.CTRL_TYPE_CLASS, usb.util.CTRL_RECIPIENT_INTERFACE
)
_GONE = {errno.ENODEV, errno.ENOENT, errno.ENXIO, errno.ESHUTDOWN}


class UsbPipe:
    """The DFU interface of one device, claimed; meets :class:`ControlPipe`."""

    def __init__(self, device: Any, interface: int, face: Face) -> None:
        self._device = device
        self._interface = interface
        self._face = face

    @classmethod
    def connect(
        cls, bus: int, ports: tuple[int, ...], backend: usb.backend.IBackend | None = None
    ) -> Self:
        """Open the device at a port of a bus, and claim its DFU interface.

        Raises:
            FaultError: `device_offline` where there is none; `not_allowed`; `usb_unplugged`.
        """

        def is_it(device: Any) -> bool:
            return device.bus == bus and tuple(device.port_numbers or ()) == ports

        return cls.claim(lambda: usb.core.find(backend=backend, custom_match=is_it))

    @classmethod
    def claim(cls, find: Callable[[], Any]) -> Self:
        """Claim the DFU interface of the device that ``find`` finds; raises as :meth:`connect`."""
        with _told():
            device = find()
            if device is None:
                raise _offline("There is no device at this port.")
            try:
                number, face = _face(device)
                with suppress(NotImplementedError):  # where no kernel driver is ever in the way
                    if device.is_kernel_driver_active(number):
                        device.detach_kernel_driver(number)
                usb.util.claim_interface(device, number)
            except BaseException:
                usb.util.dispose_resources(device)
                raise
        return cls(device, number, face)

    @property
    def face(self) -> Face:
        """Who it is, by its descriptors."""
        return self._face

    def write(self, request: Request, value: int, data: bytes, deadline: float) -> None:
        """Make an OUT transfer; a short one is the device's fault."""
        with _told():
            wait = _milliseconds(deadline)
            done = self._device.ctrl_transfer(_OUT, request, value, self._interface, data, wait)
        if done != len(data):
            raise refuse(Code.PROTOCOL_ERROR, details=f"{done} of {len(data)} bytes were taken")

    def read(self, request: Request, value: int, length: int, deadline: float) -> bytes:
        """Make an IN transfer."""
        with _told():
            wait = _milliseconds(deadline)
            return bytes(
                self._device.ctrl_transfer(_IN, request, value, self._interface, length, wait)
            )

    def select(self, alternate: int) -> None:
        """Go to an alternate setting."""
        with _told():
            self._device.set_interface_altsetting(self._interface, alternate)

    def reset(self) -> None:
        """Reset it; that it is gone afterwards is what a reset is for."""
        try:
            with _told():
                self._device.reset()
        except FaultError as error:
            if error.fault.code is not Code.USB_UNPLUGGED:
                raise

    def close(self) -> None:
        """Give the interface back and forget the device."""
        with suppress(usb.core.USBError):
            usb.util.release_interface(self._device, self._interface)
        with suppress(usb.core.USBError):
            usb.util.dispose_resources(self._device)


def _face(device: Any) -> tuple[int, Face]:
    """Find the DFU interface; its alternate settings share a number."""
    found = [
        each
        for each in device.get_active_configuration()
        if (each.bInterfaceClass, each.bInterfaceSubClass) == (CLASS, SUBCLASS)
    ]
    if not found:
        raise _offline("The device at this port does not speak DFU.")
    number = found[0].bInterfaceNumber
    settings = [each for each in found if each.bInterfaceNumber == number]
    face = Face(
        protocol=found[0].bInterfaceProtocol,
        vendor=device.idVendor,
        product_id=device.idProduct,
        release=device.bcdDevice,
        alternates=tuple(
            Alternate(each.bAlternateSetting, _string(device, each.iInterface)) for each in settings
        ),
        # Some devices put it behind their last alternate setting only.
        functional=b"".join(bytes(each.extra_descriptors) for each in settings),
        product=_string(device, device.iProduct),
        serial=_string(device, device.iSerialNumber),
    )
    return number, face


def _string(device: Any, index: int) -> str | None:
    """Read a string; devices that tell none, or nonsense, are not refused for it."""
    if not index:
        return None
    try:
        return str(usb.util.get_string(device, index)) or None
    except (usb.core.USBError, ValueError, UnicodeDecodeError):
        return None


@contextmanager
def _told() -> Iterator[None]:
    """Turn libusb's words into ours."""
    try:
        yield
    except usb.core.NoBackendError as error:
        hint = "Install libusb 1.0."
        raise refuse(Code.NOT_SUPPORTED, "This host has no libusb.", hint=hint) from error
    except usb.core.USBTimeoutError as error:
        raise refuse(Code.DEVICE_SILENT, details=str(error)) from error
    except usb.core.USBError as error:
        if error.errno == errno.EPIPE:
            raise StallError from error
        raise _fault(error) from error


def _fault(error: usb.core.USBError) -> FaultError:
    details = str(error)
    if error.errno in _GONE:
        return refuse(Code.USB_UNPLUGGED, details=details)
    if error.errno == errno.EACCES:
        hint = "Let the hub's user open it: a udev rule."
        return refuse(Code.NOT_ALLOWED, "The hub may not open the device.", hint=hint)
    return refuse(Code.LINK_LOST, details=details)


def _offline(sentence: str) -> FaultError:
    return refuse(Code.DEVICE_OFFLINE, sentence, hint="Check cable and port.")


def _milliseconds(seconds: float) -> int:
    return max(1, int(seconds * 1000))
