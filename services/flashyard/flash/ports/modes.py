"""Which mode a device is in, how sure that is, and how to bring it into a flashable one.

Told from descriptors alone; nothing is asked. What an interface says weighs more than ids, which
many makers borrow: fastboot is known by its interface only.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

from flashyard.contract.records import Mode
from flashyard.flash.ports.plugged import Plugged

FASTBOOT = (0xFF, 0x42, 0x03)
DFU = (0xFE, 0x01, 0x02)
DFU_RUNTIME = (0xFE, 0x01, 0x01)
_ADB = (0xFF, 0x42, 0x01)
_STILL_IMAGE = (0x06, 0x01, 0x01)  # PTP; MTP is the same with a name of its own
_STORAGE = 0x08
_VENDOR = 0xFF
_APPLE = 0x05AC


Way: TypeAlias = Literal["fastboot", "dfu", "disk"]


class Reading(NamedTuple):
    """What a device seems to be in; ``confidence`` 0 to 1; ``hint``: what to do to flash it.

    ``way``: how it is flashed as it is; None: it is not.
    """

    mode: Mode
    confidence: float
    hint: str | None = None
    way: Way | None = None


_BY_ADB = "Run `adb reboot bootloader`, or restart it with its bootloader keys held."
_BY_KEYS = "Restart it with its bootloader keys held, on most phones volume down."
_DEBUGGING = "Switch USB debugging on and run `adb reboot bootloader`, or hold its bootloader keys."
_MAKERS_TOOL = "Its maker's tool speaks this mode; fastboot needs a restart, keys held."
_EDL = "Hold power for ten seconds, volume down with it, to leave the emergency mode."
_APPLE_HINT = "Apple's devices are listed only: flashyard cannot flash them."
_BY_DETACH = "It runs its firmware; a job that names it brings it into DFU mode first."

_IDS: dict[tuple[int, int], Reading] = {
    (_APPLE, 0x1227): Reading("dfu", 0.86, _APPLE_HINT),
    (_APPLE, 0x1281): Reading("recovery", 0.82, _APPLE_HINT),
    (_APPLE, 0x12A8): Reading("normal", 0.75, _APPLE_HINT),
    (_APPLE, 0x12AB): Reading("normal", 0.75, _APPLE_HINT),
    (0x05C6, 0x9008): Reading("edl", 0.9, _EDL),
    (0x0E8D, 0x0003): Reading("download", 0.85, _MAKERS_TOOL),
    (0x0E8D, 0x2000): Reading("download", 0.85, _MAKERS_TOOL),
    (0x04E8, 0x685D): Reading("download", 0.85, _MAKERS_TOOL),
    (0x04E8, 0x685E): Reading("download", 0.85, _MAKERS_TOOL),
    (0x04E8, 0x6860): Reading("mtp", 0.8, _DEBUGGING),
    (0x18D1, 0x4EE1): Reading("mtp", 0.75, _DEBUGGING),
    (0x18D1, 0x4EE2): Reading("mtp", 0.75, _DEBUGGING),
    (0x22B8, 0x2E81): Reading("mtp", 0.75, _DEBUGGING),
    (0x2717, 0xFF48): Reading("mtp", 0.75, _DEBUGGING),
    (0x2A70, 0x4EE7): Reading("mtp", 0.75, _DEBUGGING),
}
_SIDELOAD = (0x18D1, 0xD001)
_PHONE_MAKERS = frozenset(
    {0x18D1, 0x04E8, 0x2A70, 0x2717, 0x0BB4, 0x12D1, 0x0FCE, 0x19D2}
    | {0x1004, 0x0E8D, 0x2A45, 0x1EBF, 0x0502, 0x1782, 0x22B8}
)


def classify(device: Plugged) -> Reading:
    """Read the mode off a device's interfaces, and its ids where those do not tell."""
    spoken = {function.triplet for function in device.functions}
    ids = (device.vendor, device.product)
    if FASTBOOT in spoken:
        names = {each.name.lower() for each in device.functions if each.triplet == FASTBOOT}
        mode: Mode = "fastbootd" if "fastbootd" in names else "fastboot"
        return Reading(mode, 0.95, way="fastboot")
    if _ADB in spoken:
        return Reading("sideload" if ids == _SIDELOAD else "adb", 0.95, _BY_ADB)
    if ids in _IDS:
        return _IDS[ids]
    if DFU in spoken:
        return Reading("dfu", 0.95, way="dfu")
    return _by_classes(device, spoken)


def _by_classes(device: Plugged, spoken: set[tuple[int, int, int]]) -> Reading:
    """Guess what an everyday function says of a device."""
    if DFU_RUNTIME in spoken:
        return Reading("normal", 0.9, _BY_DETACH, "dfu")
    names = {each.name.upper() for each in device.functions}
    if "MTP" in names:
        return Reading("mtp", 0.9, _DEBUGGING)
    if _STILL_IMAGE in spoken:
        return Reading("ptp", 0.8, _DEBUGGING)
    if any(base == _STORAGE for base, _, _ in spoken):
        return Reading("storage", 0.8, way="disk")
    return _by_maker(device, spoken)


def _by_maker(device: Plugged, spoken: set[tuple[int, int, int]]) -> Reading:
    if device.vendor == _APPLE:
        return Reading("normal", 0.7, _APPLE_HINT)
    if device.vendor in _PHONE_MAKERS:
        own = any(base == _VENDOR for base, _, _ in spoken)
        return Reading("normal", 0.7 if own else 0.6, _BY_KEYS)
    return Reading("unknown", 0.0)
