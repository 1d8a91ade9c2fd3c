"""What one emulated device is, before it is switched on: identity, partitions, temper.

Knows no socket and no file: those are where the device runs, not what it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from flashyard.flash.emulator.mischief import Mischief

MIB = 1 << 20
GIB = 1 << 30
DEFAULT_DOWNLOAD = 256 * MIB
DEFAULT_BATTERY_MV = 4200
DEFAULT_BOOT_MS = 500.0
DEFAULT_SUPER = 16 * GIB
_LONGEST_LATENCY_S = 3600.0
PARTITION_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,35}", re.ASCII)
"""The grammar of contract section 1; it also keeps a name from leaving its directory."""

SERIAL = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._:@-]{1,64}", re.ASCII)
"""The grammar of contract section 1, without the two that name other directories."""

DEFAULT_PARTITIONS: Mapping[str, int] = MappingProxyType(
    dict.fromkeys(
        ("boot", "system", "vendor", "product", "recovery", "userdata", "vbmeta", "dtbo"), 4 * GIB
    )
    | {"system": 8 * GIB}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One device as the operator ordered it.

    Attributes:
        serial: its serial number, and the directory its content lies in.
        name: what people call it; the serial where empty.
        product: the board's code name, as `getvar:product` tells it.
        partitions: bytes by bare name; with two slots most become `NAME_a` and `NAME_b`.
        logical: bytes by bare name of those that live in `super`, and in fastbootd alone; of two
            slots the second one's are empty.
        super_size: bytes all logical partitions share. With one of these two the device has a
            partition `super`; without, logical ones can be made in either mode.
        slots: 0 or 2.
        max_download_size: bytes one download may carry.
        userspace_download: the same in fastbootd; None: no other.
        locked: refuse flash, erase and set_active.
        battery_mv: what the battery gauge shows, in millivolts.
        discard: throw flashed content away after checking it.
        link_speed: bytes per second the link takes, or None for as fast as it goes.
        latency_s: seconds each reply is held back.
        boot_s: seconds the device is gone when it reboots.
        faults: what goes wrong on purpose.
    """

    serial: str
    name: str = ""
    product: str = "flashyard"
    partitions: Mapping[str, int] = field(default_factory=lambda: DEFAULT_PARTITIONS)
    logical: Mapping[str, int] = field(default_factory=dict)
    super_size: int | None = None
    slots: int = 0
    max_download_size: int = DEFAULT_DOWNLOAD
    userspace_download: int | None = None
    locked: bool = False
    battery_mv: int = DEFAULT_BATTERY_MV
    discard: bool = False
    link_speed: int | None = None
    latency_s: float = 0.0
    boot_s: float = DEFAULT_BOOT_MS / 1000
    faults: tuple[Mischief, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what no device can be.

        Raises:
            ValueError: a serial, partition name or amount outside its grammar; one sentence.
        """
        if not SERIAL.fullmatch(self.serial):
            raise ValueError(
                f"{self.serial!r} cannot be a serial: use 1 to 64 of A-Z a-z 0-9 ._:@-"
            )
        if self.slots not in {0, 2}:
            raise ValueError(f"A device has 0 or 2 slots, not {self.slots}.")
        for name, size in (*self.partitions.items(), *self.logical.items()):
            if not PARTITION_NAME.fullmatch(name):
                raise ValueError(
                    f"{name!r} cannot name a partition: use 1 to 36 of A-Z a-z 0-9 ._-"
                )
            if size < 1:
                raise ValueError(f"Partition {name} needs a size of at least one byte.")
        if sum(self.logical.values()) > self.room_in_super:
            raise ValueError("The logical partitions are larger than the super they are in.")
        if not all(
            1 <= limit < 1 << 32 for limit in (self.max_download_size, self.userspace_download or 1)
        ):
            raise ValueError(
                "The largest download is 1 byte to 4 GiB less one: the field has 32 bits."
            )
        if not 0 <= self.latency_s <= _LONGEST_LATENCY_S:
            raise ValueError("A reply can be held back for an hour at most.")
        if self.link_speed is not None and self.link_speed < 1:
            raise ValueError("The link speed is at least one byte per second.")

    @property
    def is_dynamic(self) -> bool:
        """Does it keep its logical partitions in a partition of their own?"""
        return bool(self.logical) or self.super_size is not None

    @property
    def room_in_super(self) -> int:
        """Bytes all logical partitions share."""
        return DEFAULT_SUPER if self.super_size is None else self.super_size
