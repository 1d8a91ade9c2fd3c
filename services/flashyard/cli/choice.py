"""Which devices are meant: names, comma lists and globs, against what the bridge knows. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from flashyard.contract.faults import Code, refuse
from flashyard.contract.records import Device

# What holds somebody's files, and what runs something of its own, is meant by its name alone.
_DISK, _RUNNING = "storage", "normal"


def choose(
    devices: Sequence[Device], wanted: str, hub_id: str | None = None, *, disks: bool = False
) -> list[Device]:
    """Choose devices by ``NAME``, ``NAME,NAME`` or ``GLOB``; each once, in the order asked for.

    A name is a device's id. A glob is matched against ids, of online devices only; it matches disks
    where ``disks`` are meant, and never a device that is running its own firmware.

    Raises:
        FaultError: `unknown_device`, `unknown_hub`, or `ambiguous_device` where two hubs have a
            device of the name and ``hub_id`` does not say which.
    """
    here = _on(hub_id, devices)
    chosen: list[Device] = []
    for name in filter(None, (part.strip() for part in wanted.split(","))):
        is_glob = bool(set(name) & set("*?["))
        found = _matching(here, name, disks=disks) if is_glob else [_named(here, name)]
        chosen += [device for device in found if device not in chosen]
    if not chosen:
        raise refuse(Code.INVALID_REQUEST, "No device is named.", hint="Name one, or use --all.")
    return chosen


def every(
    devices: Iterable[Device], hub_id: str | None = None, *, disks: bool = False
) -> list[Device]:
    """Choose every online device, of those that a glob may match.

    Raises:
        FaultError: `unknown_device`: there is none; `unknown_hub`.
    """
    online = [device for device in _on(hub_id, devices) if device.online]
    if not online:
        raise refuse(
            Code.UNKNOWN_DEVICE,
            "No device is online.",
            hint="Look at `flashyard ls devices`; plug one in, or try `flashyard up --demo`.",
        )
    return _meant(online, "No device is online but such as are flashed by name.", disks=disks)


def _on(hub_id: str | None, devices: Iterable[Device]) -> list[Device]:
    here = [device for device in devices if hub_id in {None, device.hub_id}]
    if hub_id is not None and not here:
        raise refuse(Code.UNKNOWN_HUB, f"There is no hub {hub_id!r} that has devices.")
    return here


def _matching(devices: Sequence[Device], glob: str, *, disks: bool) -> list[Device]:
    found = [each for each in devices if each.online and fnmatchcase(each.device_id, glob)]
    if not found:
        raise refuse(Code.UNKNOWN_DEVICE, f"No online device matches {glob!r}.")
    only = f"{glob!r} matches no device but such as are flashed by name."
    return _meant(found, only, disks=disks)


def _meant(devices: Sequence[Device], nothing: str, *, disks: bool) -> list[Device]:
    """Leave out what nobody means who has not named it; ``nothing``: what to say of none left."""
    unmeant = {_RUNNING} if disks else {_RUNNING, _DISK}
    meant = [device for device in devices if device.mode not in unmeant]
    if not meant:
        left_out = ", ".join(device.device_id for device in devices[:5])
        hint = "Name it; --disks has --all and globs mean disks, too."
        raise refuse(Code.UNKNOWN_DEVICE, nothing, hint=hint, details=left_out)
    return meant


def _named(devices: Sequence[Device], name: str) -> Device:
    found = [device for device in devices if device.device_id == name]
    if len(found) > 1:
        found = [device for device in found if device.online] or found
    if not found:
        near = difflib.get_close_matches(name, [device.device_id for device in devices], n=1)
        raise refuse(
            Code.UNKNOWN_DEVICE,
            f"There is no device {name!r}.",
            hint=f"Did you mean {near[0]!r}?" if near else None,
        )
    if len(found) > 1:
        hubs = ", ".join(device.hub_id for device in found)
        raise refuse(
            Code.AMBIGUOUS_DEVICE,
            f"More than one hub has a device {name!r}: {hubs}.",
            hint="Say which with --hub.",
        )
    return found[0]
