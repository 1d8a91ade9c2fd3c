"""The seam to a DFU device: control transfers to one interface, and what it says of itself.

Follows USB DFU 1.1, sections 3 and 4. A pipe knows no states; a session knows no USB.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple, Protocol

# Interface class, subclass and protocols (tables 4.1 and 4.4).
CLASS, SUBCLASS = 0xFE, 0x01
RUNTIME, DFU_MODE = 0x01, 0x02


class Request(IntEnum):
    """The class-specific requests (table 3.2)."""

    DETACH = 0
    DNLOAD = 1
    UPLOAD = 2
    GETSTATUS = 3
    CLRSTATUS = 4
    GETSTATE = 5
    ABORT = 6


class StallError(Exception):
    """The device refused a request; its status says why. Raised by pipes."""


class Alternate(NamedTuple):
    """An alternate setting: one of the memories a device lets be written."""

    number: int
    name: str | None


class Face(NamedTuple):
    """What a device says of itself before it is asked for anything.

    Attributes:
        protocol: RUNTIME, or DFU_MODE.
        vendor, product_id, release: idVendor, idProduct and bcdDevice.
        alternates: at least one.
        functional: the descriptors behind the interface's own, as they came.
        product, serial: its strings, where it has any.
    """

    protocol: int
    vendor: int
    product_id: int
    release: int
    alternates: tuple[Alternate, ...]
    functional: bytes
    product: str | None = None
    serial: str | None = None


class ControlPipe(Protocol):
    """Control transfers to one claimed interface. ``deadline``: seconds from now.

    Every transfer raises StallError, or FaultError: `usb_unplugged`, `link_lost`,
    `device_silent`. After such a fault a pipe is only to be closed.
    """

    @property
    def face(self) -> Face:
        """Who it is."""

    def write(self, request: Request, value: int, data: bytes, deadline: float) -> None:
        """Send a request to the interface, with the data all at once."""

    def read(self, request: Request, value: int, length: int, deadline: float) -> bytes:
        """Send a request to the interface and take at most so many bytes."""

    def select(self, alternate: int) -> None:
        """Go to an alternate setting."""

    def reset(self) -> None:
        """Reset the device on its bus; one that comes back as another is no error."""

    def close(self) -> None:
        """Let go of it; never raises."""
