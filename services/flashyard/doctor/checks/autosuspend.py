"""Does anything put idle devices to sleep? Some do not wake from it in their bootloaders.

Source: Linux, Documentation/driver-api/usb/power-management.
"""

from __future__ import annotations

from flashyard.doctor.bench import Bench
from flashyard.doctor.finding import About, Finding

_ABOUT = About("autosuspend")
_AWAKE = "on"


def autosuspend(bench: Bench) -> list[Finding]:
    """Look at each device; where there is none, at what would become of one."""
    host = bench.host
    told = host.word("sys/module/usbcore/parameters/autosuspend")
    if told is None:
        return [_ABOUT.unknown("The kernel does not tell its default: there is no USB here.")]
    devices = bench.devices()
    controls = {
        each: f"sys/bus/usb/devices/{each.name}/power/control"
        for each in devices
        if told[:1] != "-"
    }
    sleepy = [
        _ABOUT.warning(
            f"{each.serial or each.ids} at {each.station} may be put to sleep when idle.",
            f"echo {_AWAKE} | sudo tee /{control}",
        )
        for each, control in controls.items()
        if host.word(control) not in {None, _AWAKE}
    ]
    if sleepy:
        return sleepy
    if told.startswith("-"):
        return [_ABOUT.ok("The kernel puts no USB device to sleep.")]
    if bench.is_ruled:
        return [_ABOUT.ok("The udev rule keeps devices awake while they can be flashed.")]
    return [
        _ABOUT.warning(
            f"{'Devices are awake, but a' if devices else 'A'} power saver may have new ones put "
            f"to sleep after {told} s.",
            bench.install,
        )
    ]
