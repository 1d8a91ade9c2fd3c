"""What a device's record shows of whether a wish can come true; the hub finds out the rest."""

from __future__ import annotations

from flashyard.contract.faults import Code, refuse
from flashyard.contract.records import Device
from flashyard_bridge.errors import reject


def check_slot(device: Device, slot: str | None) -> None:
    """Refuse a slot the device does not have; None is the active one."""
    if slot == "inactive" and not device.slots:
        raise reject(
            Code.INVALID_REQUEST, "slot", f"is not valid: {device.device_id} has no slots."
        )
    if slot not in {None, "inactive", *device.slots}:
        raise reject(Code.INVALID_REQUEST, "slot", f"is not one of {device.device_id}'s slots.")


def check_room(device: Device, partition: str, slot: str | None, span: int) -> None:
    """Refuse bytes that are more than the partition has, where its size is on record."""
    room = _room(device, partition, _letter(device, slot))
    if room is not None and span > room:
        raise refuse(
            Code.IMAGE_TOO_LARGE, f"{span} bytes do not fit into {partition}, which has {room}."
        )


def _letter(device: Device, slot: str | None) -> str | None:
    if slot != "inactive":
        return slot or device.current_slot
    return next((letter for letter in device.slots if letter != device.current_slot), None)


def _room(device: Device, partition: str, letter: str | None) -> int | None:
    sizes = device.partitions or {}
    slotted = sizes.get(f"{partition}_{letter}") if letter else None
    return sizes.get(partition) if slotted is None else slotted
