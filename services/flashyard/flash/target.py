"""What can be flashed: the protocol every kind of device meets, and what it says of itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, NamedTuple, Protocol, Self

from flashyard.flash.source import Part


class Capability(StrEnum):
    """What a target may or may not be able to do; ask before you tell it to."""

    ERASE = "erase a partition"
    ACTIVATE = "switch slots"
    REBOOT = "restart"
    BREAK_OFF = "drop what it was sent of a part when the session is closed"


Tell = Callable[[str], None]
"""Takes a line a device says while it works."""


class Taken(NamedTuple):
    """Bytes a target has just taken: on the wire, and the content they stand for."""

    wire: int
    content: int


@dataclass(frozen=True, slots=True)
class Description:
    """Who a device says it is. None: it did not tell. Sizes are bytes.

    Attributes:
        product, serial, version: its own words.
        mode: its bootloader (`fastboot`) or the one inside Android (`fastbootd`).
        slots: the letters of its slots, empty where it has none.
        current_slot: the letter of the active one.
        partitions: name to size, as far as it told; slotted names carry their letter.
        max_download_size: the most it takes at once.
        locked: does its bootloader refuse to be written?
        battery_mv, battery_ok: volts in thousandths; enough to be flashed?
        emulated: is it flashyard's own emulator?
        name: what people call it; only emulated devices tell.
    """

    product: str | None
    serial: str | None
    version: str | None
    mode: Literal["fastboot", "fastbootd"]
    slots: tuple[str, ...]
    current_slot: str | None
    max_download_size: int
    locked: bool | None
    battery_mv: int | None
    battery_ok: bool | None
    emulated: bool
    partitions: Mapping[str, int | None] = field(default_factory=dict)
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a step goes: the device's own name of it, its bytes where known, and can it grow?"""

    name: str
    size: int | None
    resizable: bool = False


class Target(Protocol):
    """One open device. Blocking; every call has deadlines of its own and raises FaultError.

    After a fault other than `device_refused` a target is good for nothing but :meth:`close`.
    """

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What it can do."""

    def describe(self) -> Description:
        """Ask the device who it is."""

    def locate(self, partition: str, slot: str | None) -> Place:
        """Find a partition, in ``slot`` where it has slots (None: the active one).

        Raises:
            FaultError: `unknown_partition` where the device is known not to have it.
        """

    def erase(self, place: Place) -> None:
        """Erase it."""

    def resize(self, place: Place, size: int) -> None:
        """Make a resizable place ``size`` bytes large."""

    def send(self, part: Part) -> Iterator[Taken]:
        """Give the device a part's bytes; nothing is written before :meth:`commit`."""

    def commit(self, place: Place, part: Part) -> None:
        """Have the device write the part it was sent last."""

    def set_active(self, slot: str) -> None:
        """Make a slot the one it starts from."""

    def reboot(self) -> None:
        """Restart it into its system."""

    def close(self) -> None:
        """Let go of it; never raises."""

    def __enter__(self) -> Self:
        """Return itself."""

    def __exit__(self, *exc_info: object) -> None:
        """Close."""
