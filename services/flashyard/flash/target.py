"""What can be flashed: the protocol every kind of device meets, and what it says of itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, NamedTuple, Protocol, Self, TypeAlias

from flashyard.contract.faults import Code, FaultError, refuse
from flashyard.flash.source import Part, Source


class Capability(StrEnum):
    """What a target may or may not be able to do; ask before you tell it to."""

    ERASE = "erase a partition"
    ACTIVATE = "switch slots"
    REBOOT = "restart"
    BREAK_OFF = "drop what it was sent of a part when the session is closed"
    WRITES_AS_SENT = "write a part while it is sent"
    SYNC = "see to it that what was written is on the medium"
    READ_BACK = "read back what was written"
    TAKES_UP = "go on after the parts that another session has written"
    INERT = "stay as it is: nothing in it runs that could be restarted"


Tell = Callable[[str], None]
"""Takes a line a device says while it works."""

Mode: TypeAlias = Literal["fastboot", "fastbootd", "dfu", "normal", "storage"]
"""What a device is flashed in: its bootloader, the fastboot inside Android, USB DFU; or a disk."""


class Taken(NamedTuple):
    """Bytes a target has just taken: on the wire, and the content they stand for."""

    wire: int
    content: int


@dataclass(frozen=True, slots=True)
class Description:
    """Who a device says it is. None: it did not tell. Sizes are bytes.

    Attributes:
        product, serial, version: its own words.
        mode: which of its programs answers.
        slots: the letters of its slots, empty where it has none.
        current_slot: the letter of the active one.
        partitions: name to size, as far as it told; slotted names carry their letter.
        max_download_size: the most it takes at once.
        locked: does its bootloader refuse to be written?
        battery_mv, battery_ok: volts in thousandths; enough to be flashed?
        emulated: is it flashyard's own emulator?
        name: what people call it; phones do not tell.
    """

    product: str | None
    serial: str | None
    mode: Mode
    max_download_size: int
    version: str | None = None
    slots: tuple[str, ...] = ()
    current_slot: str | None = None
    locked: bool | None = None
    battery_mv: int | None = None
    battery_ok: bool | None = None
    emulated: bool = False
    partitions: Mapping[str, int | None] = field(default_factory=dict)
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a step goes: the device's own name of it, its bytes where known, and can it grow?

    ``mode``: the only one in which it can be written, where the device is in another one.
    """

    name: str
    size: int | None
    resizable: bool = False
    mode: Mode | None = None


def unable(capability: Capability, place: Place) -> FaultError:
    """Make the refusal of what a kind of device cannot do there."""
    said = f"This kind of device cannot {capability}."
    return refuse(Code.NOT_SUPPORTED, said, details=place.name)


def no_bootloader() -> FaultError:
    """Make the refusal of what only a bootloader can."""
    return refuse(Code.NOT_SUPPORTED, "This kind of device has no bootloader to talk to.")


class Bootloader(Protocol):
    """What else there is to a device that runs a fastboot program. Raises as :class:`Target`."""

    def ask(self, variable: str) -> str | None:
        """Ask for a variable; None: it does not tell."""

    def restart_into(self, mode: Mode) -> None:
        """Send it into `fastboot` or `fastbootd`; done once it agrees to go."""

    def update_super(self, wipe: bool) -> None:  # noqa: FBT001 - the command's own choice
        """Have it take what it was sent last as the layout of its logical partitions.

        With ``wipe`` the old ones are dropped.
        """

    def has_left(self, wait: float) -> bool:
        """Wait, at most so many seconds, for a device that was told to go; False: it is there."""


class Target(Protocol):
    """One open device. Blocking; every call has deadlines of its own and raises FaultError.

    After a fault other than `device_refused` a target is good for nothing but :meth:`close`.
    """

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What it can do."""

    @property
    def bootloader(self) -> Bootloader | None:
        """The device as a bootloader, where it is one."""

    def describe(self) -> Description:
        """Ask the device who it is."""

    def locate(self, partition: str, slot: str | None) -> Place:
        """Find a partition, in ``slot`` where it has slots (None: the active one).

        Raises:
            FaultError: `unknown_partition` where the device is known not to have it.
        """

    def admit(self, place: Place, source: Source) -> None:
        """Look at what is to be written there, before anything is changed.

        Raises:
            FaultError: what shows that it cannot be, such as `image_corrupt`.
        """

    def try_reading(self, place: Place) -> None:
        """See, before anything is written, that the place can be read back.

        Raises:
            FaultError: `not_supported`: it cannot, whatever the device can elsewhere.
        """

    def erase(self, place: Place) -> None:
        """Erase it."""

    def resize(self, place: Place, size: int) -> None:
        """Make a resizable place ``size`` bytes large."""

    def take_up(self, place: Place, parts: Iterator[Part]) -> None:
        """Learn of the parts that an earlier session wrote there; they are not sent again."""

    def send(self, part: Part) -> Iterator[Taken]:
        """Give the device a part's bytes.

        Nothing is written before :meth:`commit`, but by a target that writes as it is sent. Left
        before its end, it leaves the target good for nothing but :meth:`close`.
        """

    def commit(self, place: Place, part: Part) -> None:
        """Have the device write the part it was sent last."""

    def sync(self, place: Place) -> None:
        """Return once all that was committed there is on the medium."""

    def compare(self, place: Place, part: Part) -> Iterator[Taken]:
        """Read from the medium, past every cache, what a part put there; content as it agrees.

        Raises:
            FaultError: `verify_mismatch` where it is something else.
        """

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
