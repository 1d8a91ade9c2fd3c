"""What a device's record shows of whether a wish can come true; the hub finds out the rest."""

from __future__ import annotations

from collections.abc import Collection

from flashyard.contract.faults import Code, refuse
from flashyard.contract.records import Device
from flashyard.flash.slots import missing, other
from flashyard_bridge.errors import reject

_LONGEST = 500  # characters of names in a sentence


def check_slot(device: Device, slot: str | None) -> None:
    """Refuse a slot the device does not have; None is the active one."""
    if slot == "inactive" and not device.slots:
        raise reject(
            Code.INVALID_REQUEST, "slot", f"is not valid: {device.device_id} has no slots."
        )
    if slot not in {None, "inactive", *device.slots}:
        raise reject(Code.INVALID_REQUEST, "slot", f"is not one of {device.device_id}'s slots.")


def check_whole(device: Device, slot: str | None, written: Collection[str]) -> None:
    """Refuse to start an inactive slot of which a part would be of another age."""
    letter = other(device.current_slot, device.slots)
    if slot == "inactive" and letter is not None:
        lacking = missing(device.partitions or (), letter, written)
        if lacking:
            names = ", ".join(lacking)[:_LONGEST]
            sentence = f"Slot {letter} would not be whole: {names} would be missing."
            raise refuse(Code.INCOMPLETE_SLOT, sentence, details=names)


def check_room(device: Device, partition: str, slot: str | None, span: int) -> None:
    """Refuse bytes that are more than the partition has, where its size is on record."""
    if device.mode == "dfu":
        return  # a .dfu file is larger than what it writes: the hub looks into it
    room = _room(device, partition, _letter(device, slot))
    if room is not None and span > room:
        raise refuse(
            Code.IMAGE_TOO_LARGE, f"{span} bytes do not fit into {partition}, which has {room}."
        )


def _letter(device: Device, slot: str | None) -> str | None:
    if slot != "inactive":
        return slot or device.current_slot
    return other(device.current_slot, device.slots)


def _room(device: Device, partition: str, letter: str | None) -> int | None:
    sizes = device.partitions or {}
    slotted = sizes.get(f"{partition}_{letter}") if letter else None
    return sizes.get(partition) if slotted is None else slotted
