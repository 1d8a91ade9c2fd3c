"""Which standing order a device is under, and whether it is to be flashed now. Pure.

A device is under one order at most: the oldest of those that are enabled and mean it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import NamedTuple

from flashyard.contract.records import Device
from flashyard.contract.standing import Done, Place, StandingOrder
from flashyard.flash.ports.names import is_generic
from flashyard_bridge.standing.mark import MAX_TRIES, Mark, State

# In all others a device cannot be flashed as it is; a hub that knows better gives no hint.
_UNFLASHABLE = frozenset(
    {"adb", "sideload", "recovery", "download", "edl", "mtp", "ptp", "normal", "unknown"}
)
WHOLE_DISK = "disk"  # the one partition a disk has

Marks = Mapping[str, Mark]  # one order's, by serial
At = tuple[str, str]  # a hub's and a device's id


class Verdict(NamedTuple):
    """How a device stands; ``is_to_start``: flash it now."""

    done: Done
    why: str | None = None
    is_to_start: bool = False


@dataclass(frozen=True, slots=True)
class Crowd:
    """All that is plugged in. ``serials``: how many devices each one has; ``busy``: with a job."""

    serials: Mapping[str, int]
    busy: frozenset[At]

    @classmethod
    def of(cls, devices: Iterable[Device], busy: Iterable[At]) -> Crowd:
        """Look at all devices; ``busy`` are those with a job that runs or waits."""
        devices = list(devices)
        told = {(each.hub_id, each.device_id) for each in devices if each.current_job or each.queue}
        serials = Counter(each.serial for each in devices if each.online and each.serial)
        return cls(serials, frozenset(busy) | told)


def means(order: StandingOrder, device: Device) -> bool:
    """Is the device one of those that the order is for?"""
    return fits(order.where, device) and _can_be_meant(order, device)


def governing(orders: Iterable[StandingOrder], device: Device) -> StandingOrder | None:
    """Find the order the device is under; ``orders`` has the oldest first."""
    return next((each for each in orders if each.enabled and means(each, device)), None)


def judge(device: Device, mark: Mark | None, crowd: Crowd) -> Verdict:
    """Judge a device under an order; ``mark``: what the order did with its serial."""
    if mark is not None and mark.state is not State.FAILED:
        return Verdict("running" if mark.state is State.RUNNING else "flashed")
    if why := _is_nobody(device, crowd):
        return Verdict("skipped", why)
    if mark is not None and not mark.may_try_again(device):
        return Verdict("failed", _failure(mark))
    why = _cannot_be_now(device, crowd)
    return Verdict("due", why, is_to_start=why is None)


def has_own_serial(device: Device) -> bool:
    """Can it be told from all others? The hub makes up a serial from the port where there is none.

    Over the network a device is who the operator said it is.
    """
    if device.serial is None or is_generic(device.serial):
        return False
    made_up = device.serial == device.device_id and device.device_id.startswith("usb-")
    return device.transport != "usb" or not made_up


def _is_nobody(device: Device, crowd: Crowd) -> str | None:
    """Say why "once per serial" could not be kept."""
    if not has_own_serial(device):
        return "It has no serial of its own to be remembered by."
    if crowd.serials.get(device.serial or "", 0) > 1:
        return "Another device with the same serial is plugged in."
    return None


def _cannot_be_now(device: Device, crowd: Crowd) -> str | None:
    if not device.online:
        return "It is not there."
    if device.mode in _UNFLASHABLE or device.hint is not None:
        return device.hint or f"It is in {device.mode} mode."
    if (device.hub_id, device.device_id) in crowd.busy:
        return "Another job comes first."
    return None


def fits(place: Place, device: Device) -> bool:
    """Does all that a place says fit a device? The strings are globs, but the hub's."""
    globs = (
        (place.port, device.port),
        (place.product, device.product),
        (place.device_id, device.device_id),
    )
    return (
        place.hub_id in {None, device.hub_id}
        and place.emulated in {None, device.emulated}
        and all(glob is None or (text and fnmatchcase(text, glob)) for glob, text in globs)
    )


def _can_be_meant(order: StandingOrder, device: Device) -> bool:
    """A disk is written whole, and nothing else is: a stick is not a phone at the same port."""
    return (device.mode == "storage") is (order.flash.get("partition") == WHOLE_DISK)


def _failure(mark: Mark) -> str:
    why = mark.error or "It failed."
    if mark.is_spent:
        return f"{why} It was tried {MAX_TRIES} times."
    return why
