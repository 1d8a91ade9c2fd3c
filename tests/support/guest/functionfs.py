"""A USB function whose endpoints are served by this process, through Linux's FunctionFS.

After Linux `include/uapi/linux/usb/functionfs.h`. It mounts, describes and opens; what the
descriptors say and what goes over the endpoints is its caller's.
"""

from __future__ import annotations

import errno
import os
import struct
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from enum import IntEnum
from pathlib import Path
from typing import NamedTuple, Self

_DESCRIPTORS_V2, _STRINGS = 3, 2
_FULL_HIGH_SUPER = 1 | 2 | 4
_ENGLISH = 0x409
_EVENT = struct.Struct("<B7xB3x")  # a setup packet, of which the first byte counts here; the kind
_TO_HOST = 0x80


class Description(NamedTuple):
    """What the kernel is told of a function.

    Attributes:
        full: descriptors (USB 2.0 section 9.6) at full speed, interface first, one item each.
        high: the same at high speed.
        superb: the same at super speed, a companion behind each endpoint.
        name: of the interface, string 1.
        endpoints: how many there are, control left out.
    """

    full: tuple[bytes, ...]
    high: tuple[bytes, ...]
    superb: tuple[bytes, ...]
    name: str
    endpoints: int

    def descriptors(self) -> bytes:
        """Encode for the kernel."""
        speeds = (self.full, self.high, self.superb)
        counts = struct.pack("<III", *map(len, speeds))
        body = counts + b"".join(b"".join(speed) for speed in speeds)
        return struct.pack("<III", _DESCRIPTORS_V2, 12 + len(body), _FULL_HIGH_SUPER) + body

    def strings(self) -> bytes:
        """Encode for the kernel."""
        body = struct.pack("<H", _ENGLISH) + self.name.encode() + b"\0"
        return struct.pack("<IIII", _STRINGS, 16 + len(body), 1, 1) + body


class Event(IntEnum):
    """What the kernel tells on endpoint 0."""

    BIND = 0
    UNBIND = 1
    ENABLE = 2
    DISABLE = 3
    SETUP = 4
    SUSPEND = 5
    RESUME = 6


class FunctionFs:
    """The function, mounted and described, while inside.

    Args:
        name: as the gadget names its function: `ffs.NAME`.
        description: what it is.

    Attributes:
        control: endpoint 0; events and control transfers.
        endpoints: the others in the descriptors' order, open both ways. Where no host has
            configured the gadget they refuse with EAGAIN.
    """

    def __init__(self, name: str, description: Description) -> None:
        self._name = name
        self._description = description
        self._at = Path("/dev/usb-ffs") / name
        self.control = -1
        self.endpoints: list[int] = []

    def __enter__(self) -> Self:
        self._at.mkdir(parents=True, exist_ok=True)
        subprocess.run(["mount", "-t", "functionfs", self._name, self._at], check=True)
        try:
            self._describe()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for file in (*self.endpoints, self.control):
            if file >= 0:
                os.close(file)
        # Lazily: a thread may still wait for a host on one of the endpoints.
        subprocess.run(["umount", "--lazy", self._at], check=True)

    def events(self) -> Iterator[Event]:
        """Wait for what the kernel tells, one by one; control requests are refused with a stall."""
        while True:
            try:
                packet = os.read(self.control, _EVENT.size)
            except OSError as error:
                if error.errno == errno.EIDRM:  # a request was taken back before it was refused
                    continue
                return  # unmounted
            request, kind = _EVENT.unpack(packet)
            if kind == Event.SETUP:
                self._stall(request)
            yield Event(kind)

    def _stall(self, request: int) -> None:
        """Go the wrong way, which is how FunctionFS is told to."""
        with suppress(OSError):  # EL2HLT: done
            if request & _TO_HOST:
                os.read(self.control, 0)
            else:
                os.write(self.control, b"")

    def _describe(self) -> None:
        self.control = os.open(self._at / "ep0", os.O_RDWR)
        os.write(self.control, self._description.descriptors())
        os.write(self.control, self._description.strings())
        for number in range(1, self._description.endpoints + 1):
            self.endpoints.append(os.open(self._at / f"ep{number}", os.O_RDWR | os.O_NONBLOCK))
