"""The kernel's list of what is plugged in, read from files. It talks to no device.

Source: Linux, Documentation/ABI/stable/sysfs-bus-usb and testing/sysfs-bus-usb.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from flashyard.flash.ports.plugged import Drive, Function, Plugged
from flashyard.flash.ports.station import Ancestor, behind, place, station

_HUB = 0x09
_SUPER_SPEED = 3.0
_STORAGE = 0x08
_CD_ROM = "5"  # SCSI's peripheral device type
_SECTOR = 512  # what the kernel counts a disk in, whatever its own blocks are
_LONGEST = 256  # characters that are kept of a device's words


class Sysfs:
    """The USB devices of a host. ``root``: where sysfs is."""

    def __init__(self, root: Path = Path("/sys")) -> None:
        self._devices = root / "bus/usb/devices"
        self._memory = root / "module/usbcore/parameters/usbfs_memory_mb"

    @property
    def is_there(self) -> bool:
        """Has this host any USB?"""
        return self._devices.is_dir()

    def transfer_memory(self) -> int:
        """Tell how many bytes all transfers of the host together may hold; 0: any number."""
        told = _read(self._memory)
        return (int(told) if told and told.isdigit() else 16) << 20

    def scan(self) -> dict[str, Plugged]:
        """List what is ready in any port, by station; hubs and what is half there are left out."""
        if not self.is_there:
            return {}
        found = []
        with suppress(OSError):  # everything may go while it is looked at
            found = sorted(path.name for path in self._devices.iterdir())
        seen = (self._look(name) for name in found)
        return {each.station: each for each in seen if each is not None}

    def at(self, where: str) -> Plugged | None:
        """Look what is ready at a station."""
        return self.scan().get(where)

    def is_still(self, plugged: Plugged) -> bool:
        """Is it still there, not having enumerated again?"""
        told = _number(self._devices / plugged.name / "devnum")
        return told == plugged.address

    def _look(self, name: str) -> Plugged | None:
        where = place(name)
        if where is None:
            return None
        directory = self._devices / name
        address = _number(directory / "devnum")
        vendor, product = (_number(directory / each, 16) for each in ("idVendor", "idProduct"))
        expected = _number(directory / "bNumInterfaces")
        functions = tuple(self._functions(name, _read(directory / "bConfigurationValue")))
        if address is None or vendor is None or product is None or not expected:
            return None
        if len(functions) < expected or _number(directory / "bDeviceClass", 16) == _HUB:
            return None
        return Plugged(
            station=self._station(name),
            name=name,
            bus=where.bus,
            address=address,
            vendor=vendor,
            product=product,
            functions=functions,
            serial=_read(directory / "serial"),
            maker=_read(directory / "manufacturer"),
            model=_read(directory / "product"),
            speed=_decimal(directory / "speed"),
            drives=tuple(self._drives(name)) if _may_have_drives(functions) else (),
        )

    def _drives(self, name: str) -> Iterator[Drive]:
        """List the disks that a device's storage functions were given: `HOST:CHANNEL:ID:LUN`."""
        seats = (self._devices / name).glob(f"{name}:*/host*/target*/*:*:*:*/block/*")
        for path in sorted(seats):
            unit = path.parent.parent
            lun = unit.name.rpartition(":")[2]
            number, sectors = _read(path / "dev"), _number(path / "size")
            if lun.isdecimal() and number and sectors is not None and not _is_cd(unit):
                yield Drive(int(lun), path.name, number, sectors * _SECTOR)

    def _functions(self, name: str, configuration: str | None) -> Iterator[Function]:
        for path in sorted(self._devices.glob(f"{name}:{configuration}.*")):
            codes = [
                _number(path / f"bInterface{part}", 16)
                for part in ("Class", "SubClass", "Protocol")
            ]
            known = [code for code in codes if code is not None]
            if len(known) == len(codes):
                yield Function(known[0], known[1], known[2], _read(path / "interface") or "")

    def _station(self, name: str) -> str:
        """Name the place of a device: a USB 3 one's by the USB 2 half of its socket, where told."""
        twin = name
        if (is_fast := self._is_fast(name)) and (other := self._peer(name)):
            twin, is_fast = other, self._is_fast(other)
        where = place(twin)
        if where is None:
            return name
        return station(self._above(where.bus), where.path, alone=is_fast)

    def _is_fast(self, name: str) -> bool:
        where = place(name)
        version = _decimal(self._devices / f"usb{where.bus}" / "version") if where else None
        return version is not None and version >= _SUPER_SPEED

    def _peer(self, name: str) -> str | None:
        port = self._devices / name / "port/peer"
        return behind(port.resolve().name) if port.exists() else None

    def _above(self, bus: int) -> Iterator[Ancestor]:
        root_hub = (self._devices / f"usb{bus}").resolve()
        for directory in root_hub.parents:
            link = directory / "subsystem"
            yield Ancestor(link.resolve().name if link.exists() else "", directory.name)


def _may_have_drives(functions: tuple[Function, ...]) -> bool:
    return any(function.base == _STORAGE for function in functions)


def _is_cd(unit: Path) -> bool:
    return _read(unit / "type") == _CD_ROM


def _read(path: Path) -> str | None:
    """Read an attribute; None where it is empty, or gone with its device."""
    try:
        return path.read_bytes().decode("utf-8", "replace").strip()[:_LONGEST] or None
    except OSError:
        return None


def _number(path: Path, base: int = 10) -> int | None:
    told = _read(path)
    try:
        return int(told, base) if told else None
    except ValueError:
        return None


def _decimal(path: Path) -> float | None:
    told = _read(path)
    try:
        return float(told) if told else None
    except ValueError:
        return None
