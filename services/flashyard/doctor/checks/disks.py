"""Can the disks in the ports that were named be written? They are not opened: udev would notice."""

from __future__ import annotations

import re
import shlex
from fnmatch import fnmatchcase

from flashyard.doctor.bench import Bench
from flashyard.doctor.finding import About, Finding
from flashyard.flash.ports.disk import Disk

_ABOUT = About("disks")
# What udev calls a disk begins with what it calls the port: `…-usb-0:1.4:1.0-scsi-0:0:0:0`.
_STATION = re.compile(r".+-usb(?:v\d)?-0:[\d.]+")


def disks(bench: Bench) -> list[Finding]:
    """Look at each removable disk on USB that has a medium in it."""
    here = [
        each
        for each in bench.host.disks.disks()
        if each.removable and each.size and each.port and _STATION.match(each.port)
    ]
    if not here:
        return [_ABOUT.unknown("No disk or card is plugged in by USB, so that none was looked at.")]
    shut = [each for each in here if not bench.host.may_write(each.node)]
    if not shut:
        return [_ABOUT.ok(f"{bench.host.user.name} may write {_listed(here)}.")]
    return [_shut(bench, each) for each in shut]


def _shut(bench: Bench, disk: Disk) -> Finding:
    what = f"{disk.name} ({disk.model or 'a disk'})"
    port = disk.port or ""
    station = _STATION.match(port)
    if station and not any(fnmatchcase(port, f"{glob}:*") for glob in bench.named):
        named = f"{bench.install} {shlex.join(['--usb-port', station[0]])}"
        return _ABOUT.warning(
            f"{what} is in no port that was named (--usb-port), and is not ours to write.", named
        )
    if not bench.is_ruled:
        return _ABOUT.problem(f"{bench.host.user.name} may not write {what}.", bench.install)
    if bench.rules_group not in bench.host.user.groups:
        return _ABOUT.problem(
            f"{bench.host.user.name} may not write {what}, not being in {bench.rules_group}.",
            bench.join,
        )
    return _ABOUT.problem(
        f"{bench.host.user.name} may not write {what}, though the rule is there: it was plugged "
        "in before.",
        shlex.join(["sudo", "udevadm", "trigger", "--action=change", "--subsystem-match=block"]),
    )


def _listed(disks: list[Disk]) -> str:
    return ", ".join(each.name for each in disks)
