"""Where on a device a step goes, by the device's own names, as far as its record tells.

Of two slots each partition is two places, and what is good in one says nothing of the other.
"""

from __future__ import annotations

from typing import Literal

from flashyard.contract.records import Device
from flashyard.flash.slots import other

Slot = Literal["inactive", "a", "b"] | None


def letter_of(device: Device, slot: Slot, *, of_other: bool = False) -> str | None:
    """Tell the letter of a job's slot (None: the active one), or of the other one."""
    letter = device.current_slot if slot in {None, "inactive"} else slot
    if (slot == "inactive") is not of_other:
        letter = other(letter, device.slots)
    return letter


def places_of(
    device: Device, partition: str, slot: Slot, *, of_other: bool = False
) -> tuple[str, ...]:
    """List what the device may call it: one name where its record is clear, else two."""
    letter = letter_of(device, slot, of_other=of_other)
    known = device.partitions or {}
    slotted = f"{partition}_{letter}"
    if not device.slots or partition in known:
        return (partition,)
    if letter is None:
        return ()
    return (slotted,) if slotted in known else (slotted, partition)
