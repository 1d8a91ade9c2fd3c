"""Can what is plugged in be opened? Tried for real; nothing is said to a device."""

from __future__ import annotations

import errno
import shlex

from flashyard.doctor.bench import Bench
from flashyard.doctor.finding import About, Finding
from flashyard.flash.ports.plugged import Plugged

_ABOUT = About("device access")


def device_access(bench: Bench) -> list[Finding]:
    """Open the node of each device; tell each that cannot be opened."""
    host = bench.host
    if not host.usb.is_there:
        return [_ABOUT.unknown("This host has no USB, or does not show it.")]
    devices = bench.devices()
    if not devices:
        return [
            _ABOUT.unknown(
                "No device in fastboot or DFU mode is plugged into a port of ours, "
                "so that none could be opened."
            )
        ]
    found = [_shut(bench, each, why) for each in devices if (why := host.opening(host.node(each)))]
    if found:
        return found
    many = f"all {len(devices)} devices" if len(devices) > 1 else "the one device"
    return [_ABOUT.ok(f"{host.user.name} can open {many} in fastboot or DFU mode.")]


def _shut(bench: Bench, device: Plugged, why: OSError) -> Finding:
    user, node = bench.host.user, bench.host.node(device)
    what = f"{device.serial or device.ids} at {device.station}"
    if why.errno == errno.ENODEV:
        return _ABOUT.unknown(f"{what} went away while it was looked at.")
    if why.errno == errno.ENOENT:
        return _ABOUT.problem(
            f"{what} has no node {node}; a container must be given /dev/bus/usb.",
            "docker run --volume /dev/bus/usb:/dev/bus/usb --device-cgroup-rule 'c 189:* rmw' …",
        )
    if why.errno == errno.EPERM:
        return _ABOUT.problem(
            f"{what} may not be opened by this container.",
            "docker run --device-cgroup-rule 'c 189:* rmw' …",
        )
    said = f"{user.name} may not open {what}"
    if not bench.is_ruled:
        return _ABOUT.problem(f"{said}: the udev rule is missing.", bench.install)
    if bench.rules_group not in user.groups:
        return _ABOUT.problem(f"{said}, not being in {bench.rules_group}.", bench.join)
    return _ABOUT.problem(
        f"{said}, though the rule is there: it came before the rule did, or a later rule wins.",
        shlex.join(["sudo", "udevadm", "trigger", "--action=change", "--subsystem-match=usb"]),
    )
