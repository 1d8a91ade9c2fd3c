"""Which slot is meant, and what is missing for one to start a system: rules without a device.

Source: AOSP, "A/B (seamless) system updates": a slot is a set of partitions that start together.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

# What a slot's system is made of. Firmware that has slots as well (modem, boot chain) is not among
# it: images of a system come without, and the slot keeps what it has.
_SYSTEM = re.compile(
    r"boot|init_boot|vendor_boot|vendor_kernel_boot|recovery|dtbo|pvmfw|vbmeta(_[a-z0-9]+)*"
    r"|system|system_ext|vendor|product|odm|[a-z0-9_]+_dlkm"
)
# Of these, what lives in `super` where a device has one.
_IN_SUPER = re.compile(r"system|system_ext|vendor|product|odm|[a-z0-9_]+_dlkm")
_SUPER = "super"
_LEAST_IN_SUPER = "system"


def other(slot: str | None, slots: Sequence[str]) -> str | None:
    """Tell the slot after ``slot``, of two the other one; None where there is no such."""
    if slot not in slots or len(slots) == 1:
        return None
    return slots[(slots.index(slot) + 1) % len(slots)]


def bare(partition: str, slots: Collection[str] = ("a", "b")) -> str:
    """Drop a slot's letter from a partition's name."""
    name, _, letter = partition.rpartition("_")
    return name if name and letter in slots else partition


def lives_in_super(partition: str) -> bool:
    """Is it one that devices with a `super` keep in there? By its bare name."""
    return _IN_SUPER.fullmatch(partition) is not None


def missing(partitions: Collection[str], slot: str, written: Collection[str]) -> tuple[str, ...]:
    """List, by bare name, what of a slot's system is not written: it may be of any age.

    Args:
        partitions: all the device has, as far as it tells; slotted ones carry their letter.
        slot: the letter of the slot to be started from.
        written: what is written there, by bare or full name.
    """
    suffix = f"_{slot}"
    had = {name.removesuffix(suffix) for name in partitions if name.endswith(suffix)}
    if _SUPER in partitions:
        had.add(_LEAST_IN_SUPER)  # a bootloader does not tell, and no slot starts without
    there = {name.removesuffix(suffix) for name in written}
    return tuple(
        sorted(
            name
            for name in had - there
            if _SYSTEM.fullmatch(name) and not (_SUPER in there and lives_in_super(name))
        )
    )
