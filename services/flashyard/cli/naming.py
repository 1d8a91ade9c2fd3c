"""What a device is called where somebody is asked about it: a disk by what it is, and its size."""

from __future__ import annotations

from flashyard.cli.amounts import size
from flashyard.cli.talk import printable
from flashyard.contract.records import Device


def named(device: Device) -> str:
    """Name it; of a disk nobody should have to guess which one is meant."""
    if device.mode != "storage":
        return device.device_id
    room = (device.partitions or {}).get("disk")
    told = size(room) if room else "of unknown size"
    return f"{device.device_id}: {printable(device.product or 'an unknown disk')}, {told}"


def warning(devices: list[Device]) -> str:
    """Say what is lost with disks; nothing where there are none."""
    disks = sum(device.mode == "storage" for device in devices)
    if not disks:
        return ""
    return " Everything on the disk is lost." if disks == 1 else " Everything on the disks is lost."
