"""A thing in a USB port, as the kernel describes it without being asked to talk to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Function(NamedTuple):
    """One interface of a device: class, subclass, protocol (USB 2.0, 9.6.5) and its own name."""

    base: int
    sub: int
    protocol: int
    name: str = ""

    @property
    def triplet(self) -> tuple[int, int, int]:
        """What it speaks."""
        return self.base, self.sub, self.protocol


class Drive(NamedTuple):
    """One disk of a device, or one slot of a card reader, by the kernel's name and number.

    ``lun``: which of its device's, from 0 on. ``size``: bytes; 0 where no medium is in it.
    """

    lun: int
    name: str
    number: str
    size: int


@dataclass(frozen=True, slots=True)
class Plugged:
    """One enumeration of one device: plugged again, it is another value.

    Attributes:
        station: the place it is in, stable over time; both halves of a USB 3 socket are one.
        name: the kernel's name of the port, such as `1-1.4.2`.
        bus, address: where libusb finds it, until it enumerates again.
        vendor, product: its ids; borrowed ones are common.
        functions: its interfaces.
        serial, maker, model: its own words, None where it has none.
        speed: Mbit/s, None where it is not told.
        drives: its disks, as far as the kernel has found any.
    """

    station: str
    name: str
    bus: int
    address: int
    vendor: int
    product: int
    functions: tuple[Function, ...] = ()
    serial: str | None = None
    maker: str | None = None
    model: str | None = None
    speed: float | None = None
    drives: tuple[Drive, ...] = ()

    @property
    def ids(self) -> str:
        """Vendor and product as people write them, such as `18d1:4ee0`."""
        return f"{self.vendor:04x}:{self.product:04x}"
