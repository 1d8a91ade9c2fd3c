"""A USB device whose every control transfer is answered by this process, on the kernel's own bus.

After Linux "Documentation/usb/usbip_protocol.rst", with the kernel's virtual host controller on the
other end of a socket: it takes any descriptor, where FunctionFS refuses DFU's and GadgetFS loses
requests. It knows no class of device.
"""

from __future__ import annotations

import errno
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

_ATTACH = Path("/sys/devices/platform/vhci_hcd.0/attach")
_PORT, _DEVICE, _HIGH_SPEED = 0, 1 << 16 | 1, 3
_SUBMIT, _UNLINK, _SUBMITTED, _UNLINKED = 1, 2, 3, 4
_COMMAND = struct.Struct(">IIIII IIIII8s")
_ANSWER = struct.Struct(">IIIII iIIII8x")
_TO_HOST = 0x80
_STANDARD, _CLASS_BITS = 0, 0x60
_GET_DESCRIPTOR = 6
_DEVICE_TYPE, _CONFIGURATION_TYPE, _STRING_TYPE = 1, 2, 3
_ENGLISH = b"\x09\x04"


class RefusedError(Exception):
    """A request the device stalls."""


@dataclass(frozen=True, slots=True)
class Setup:
    """A control request (USB 2.0 section 9.3)."""

    kind: int
    request: int
    value: int
    index: int
    length: int

    @property
    def is_to_host(self) -> bool:
        """Is it the device that sends, if anybody does?"""
        return bool(self.kind & _TO_HOST)

    @property
    def is_standard(self) -> bool:
        """Is it one that every device knows?"""
        return self.kind & _CLASS_BITS == _STANDARD


@dataclass(frozen=True, slots=True)
class Face:
    """What a device of one interface without endpoints says of itself.

    Attributes:
        vendor, product, release: its ids, and bcdDevice.
        interface: the descriptors behind the configuration's own.
        strings: by their index: 1 its maker, 2 its name, 3 its serial; others the interface's.
    """

    vendor: int
    product: int
    release: int
    interface: bytes
    strings: dict[int, str]

    def descriptor(self, kind: int, index: int) -> bytes:
        """Give a descriptor; raises RefusedError where there is none of the kind."""
        if kind == _DEVICE_TYPE:
            ids = (self.vendor, self.product, self.release)
            return struct.pack("<BBHBBBBHHHBBBB", 18, 1, 0x0200, 0, 0, 0, 64, *ids, 1, 2, 3, 1)
        if kind == _CONFIGURATION_TYPE and index == 0:
            size = 9 + len(self.interface)
            return struct.pack("<BBHBBBBB", 9, 2, size, 1, 1, 0, 0x80, 50) + self.interface
        if kind == _STRING_TYPE and (index == 0 or index in self.strings):
            body = self.strings[index].encode("utf-16-le") if index else _ENGLISH
            return bytes((2 + len(body), _STRING_TYPE)) + body
        raise RefusedError


class Plug:
    """The device's end of the line to the kernel, while inside; leaving it is unplugging.

    Args:
        face: what it says of itself.
        answer: takes any other request, with the host's data; returns what goes to the host, or
            raises RefusedError.
    """

    def __init__(self, face: Face, answer: Callable[[Setup, bytes], bytes]) -> None:
        self._face = face
        self._answer = answer
        self._line, self._kernels = socket.socketpair()

    def __enter__(self) -> Self:
        with self._kernels as theirs:
            _ATTACH.write_text(f"{_PORT} {theirs.fileno()} {_DEVICE} {_HIGH_SPEED}")
        return self

    def __exit__(self, *_: object) -> None:
        self._line.close()

    def serve(self) -> None:
        """Answer transfer by transfer, until the kernel has had enough."""
        while head := self._line.recv(_COMMAND.size, socket.MSG_WAITALL):
            command, number, _, to_host, _, _, length, _, _, _, packet = _COMMAND.unpack(head)
            if command == _UNLINK:
                # Too late, always: what it would take back was answered before this was read.
                self._line.sendall(_ANSWER.pack(_UNLINKED, number, 0, 0, 0, 0, 0, 0, 0, 0))
            elif command == _SUBMIT:
                sent = b"" if to_host else self._line.recv(length, socket.MSG_WAITALL)
                self._submitted(number, Setup(*struct.unpack("<BBHHH", packet)), sent)

    def _submitted(self, number: int, setup: Setup, sent: bytes) -> None:
        try:
            if setup.is_standard and setup.request == _GET_DESCRIPTOR:
                told = self._face.descriptor(setup.value >> 8, setup.value & 0xFF)
            else:
                told = self._answer(setup, sent)
        except RefusedError:
            status, told = -errno.EPIPE, b""
        else:
            status, told = 0, told[: setup.length]
        taken = len(told) if setup.is_to_host else len(sent)
        head = _ANSWER.pack(_SUBMITTED, number, 0, 0, 0, status, taken, 0, 0, 0)
        self._line.sendall(head + told)
