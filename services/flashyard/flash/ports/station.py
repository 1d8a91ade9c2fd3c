"""What a place is called: udev's ID_PATH, told from the kernel's names alone. It reads nothing.

Source: systemd, src/udev/udev-builtin-path_id.c: what udev says it says, where no udev runs, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

_NAMED = frozenset({"pci", "platform", "acpi", "amba", "xen"})
_DEVICE = re.compile(r"(\d+)-(\d+(?:\.\d+)*)")
_STATION = re.compile(r"(?:(.+?)-)?usb(?:v3)?-\d+:")
_PORT = re.compile(r"(?:usb(\d+)|(\d+-\d+(?:\.\d+)*))-port(\d+)")


class Ancestor(NamedTuple):
    """A device above a root hub: its subsystem (empty: none) and its name."""

    subsystem: str
    name: str


class Place(NamedTuple):
    """A port as the kernel counts them: its bus, and the way through the hubs, such as `1.4.2`."""

    bus: int
    path: str


def place(name: str) -> Place | None:
    """Read a device's name, such as `1-1.4.2`; None for root hubs and interfaces."""
    match = _DEVICE.fullmatch(name)
    return Place(int(match[1]), match[2]) if match else None


def behind(port: str) -> str | None:
    """Tell what a device in a hub's port is called: `usb2-port1` has `2-1`, `1-1-port3` `1-1.3`."""
    match = _PORT.fullmatch(port)
    if match is None:
        return None
    return f"{match[1]}-{match[3]}" if match[1] else f"{match[2]}.{match[3]}"


def station(ancestors: Iterable[Ancestor], path: str, *, alone: bool = False) -> str:
    """Name a place after its controller and the way through the hubs.

    Args:
        ancestors: what is above the root hub, nearest first.
        path: from the root hub, such as `1.4.2`.
        alone: it is a USB 3 port of which no USB 2 half is known; both halves count from 1.
    """
    words = [f"{'usbv3' if alone else 'usb'}-0:{path}"]
    above = ""
    for subsystem, name in ancestors:
        if subsystem in _NAMED and subsystem != above:
            words.insert(0, f"{subsystem}-{name}")
        above = subsystem
    return "-".join(words)


def controller(station: str) -> str:
    """Tell what a station's controller is called; empty where nothing tells it from others."""
    match = _STATION.match(station)
    return (match[1] or "") if match else ""
