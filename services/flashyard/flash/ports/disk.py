"""A disk as sysfs describes it: its number, size and traits, and the port it hangs on.

It opens no disk. What a field means is in Linux, `Documentation/ABI/stable/sysfs-block`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

SECTOR = 512  # what sysfs counts in, whatever the disk's own blocks are
_LONGEST = 200
_CD_ROM = "5"  # SCSI's peripheral device type


@dataclass(frozen=True, slots=True)
class Disk:
    """A whole disk.

    Attributes:
        name: the kernel's, `sdb`; good until it is unplugged.
        node: what to open.
        number: `major:minor`.
        size: bytes; 0 where no medium is in it.
        removable: a card or stick, or whatever else hangs on USB.
        read_only: the kernel will not write it.
        port: its name in `/dev/disk/by-path`, the same for whatever is plugged in there.
        model, serial: its own words, where it has any.
        family: numbers and names of the disk, its partitions, and what is built on top of them.
    """

    name: str
    node: Path
    number: str
    size: int
    removable: bool
    read_only: bool
    port: str | None = None
    model: str | None = None
    serial: str | None = None
    family: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Host:
    """Where a host tells of its disks; other roots are for hosts made of paper."""

    sys: Path = Path("/sys")
    dev: Path = Path("/dev")
    proc: Path = Path("/proc")

    def disks(self) -> list[Disk]:
        """List every whole disk, by name; one that goes away meanwhile is left out."""
        ports = self._ports()
        found = [self._disk(entry, ports.get(entry.name)) for entry in _entries(self.sys / "block")]
        return [disk for disk in found if disk is not None]

    def disk(self, name: str) -> Disk | None:
        """Look at one disk by the kernel's name; its port is left out."""
        return self._disk(self.sys / "block" / name, None)

    def _disk(self, entry: Path, port: str | None) -> Disk | None:
        number, sectors = _read(entry / "dev"), _read(entry / "size")
        if number is None or sectors is None or not sectors.isdecimal():
            return None
        if _read(entry / "device/type") == _CD_ROM:
            return None
        return Disk(
            name=entry.name,
            node=self.dev / entry.name,
            number=number,
            size=int(sectors) * SECTOR,
            removable=_is_removable(entry),
            read_only=_read(entry / "ro") != "0",
            port=port,
            model=_words(_read(entry / "device/vendor"), _read(entry / "device/model")),
            serial=_serial(entry),
            family=frozenset(self._family(entry)),
        )

    def _ports(self) -> dict[str, str]:
        """Map kernel names to names by path; partitions have links, too, and do not matter."""
        links: dict[str, str] = {}
        for link in _entries(self.dev / "disk/by-path"):
            if link.is_symlink():
                links.setdefault(link.readlink().name, link.name)
        return links

    def _family(self, entry: Path) -> set[str]:
        """Follow partitions and holders (device mapper, RAID), which may be held themselves."""
        names: set[str] = set()
        to_see = [entry]
        while to_see:
            one = to_see.pop()
            if one.name not in names:
                names.add(one.name)
                to_see += [child for child in _entries(one) if (child / "partition").exists()]
                to_see += [
                    self.sys / "class/block" / child.name for child in _entries(one / "holders")
                ]
                if (number := _read(one / "dev")) is not None:
                    names.add(number)
        return names


def _is_removable(entry: Path) -> bool:
    """Take it for one that can be pulled out: many USB disks and all card slots deny it."""
    if _read(entry / "removable") == "1" or _read(entry / "device/type") == "SD":
        return True
    return any(part.startswith("usb") for part in entry.resolve().parts)


def _serial(entry: Path) -> str | None:
    """Read its own, or that of the USB device it is part of; beyond that come hubs."""
    device = (entry / "device").resolve()
    for folder in (device, *device.parents):
        serial = _read(folder / "serial")
        if serial is not None or (folder / "idVendor").exists():
            return serial
    return None


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _read(path: Path) -> str | None:
    """Read a sysfs attribute; None where there is none, or nothing in it."""
    try:
        with path.open("rb") as file:
            return file.read(_LONGEST).decode("ascii", "replace").strip() or None
    except OSError:
        return None


def _words(*told: str | None) -> str | None:
    return " ".join(word for word in told if word) or None
