"""A disk on paper: the fake behind the writer's own seam, with every write told and any one fatal.

Also a host on paper: the files of sysfs and procfs that tell of disks.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from flashyard.contract.faults import Code, refuse
from flashyard.flash.ports.disk import Host


class PaperMedium:
    """Bytes in memory. Attribute ``log``: ("write", offset, length) and ("sync", 0, 0) in order.

    ``dies_at``: the number of the write or sync that fails, and after it everything.
    """

    number = "8:16"

    def __init__(self, size: int, alignment: int = 512, dies_at: int | None = None) -> None:
        self.size = size
        self.alignment = alignment
        self.bytes = bytearray(b"\xee" * size)
        self.log: list[tuple[str, int, int]] = []
        self.is_closed = False
        self._dies_at = dies_at

    def write(self, offset: int, data: memoryview) -> None:
        self._hold_to_blocks(offset, data)
        self._note("write", offset, len(data))
        self.bytes[offset : offset + len(data)] = data

    def read(self, offset: int, into: memoryview) -> None:
        self._hold_to_blocks(offset, into)
        into[:] = self.bytes[offset : offset + len(into)]

    def sync(self) -> None:
        self._note("sync", 0, 0)

    def close(self) -> None:
        self.is_closed = True

    def _hold_to_blocks(self, offset: int, data: memoryview) -> None:
        assert offset % self.alignment == 0
        assert len(data) % self.alignment == 0
        assert len(data) > 0
        assert offset + len(data) <= self.size

    def _note(self, what: str, offset: int, length: int) -> None:
        if self._dies_at is not None and len(self.log) >= self._dies_at:
            raise refuse(Code.USB_UNPLUGGED)
        self.log.append((what, offset, length))


class PaperHost(NamedTuple):
    """The roots of a host whose disks are folders."""

    root: Path

    @property
    def host(self) -> Host:
        return Host(sys=self.root / "sys", dev=self.root / "dev", proc=self.root / "proc")

    def mount(self, *lines: str, swaps: str = "") -> None:
        folder = self.root / "proc/self"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "mountinfo").write_text("".join(f"{line}\n" for line in lines))
        (self.root / "proc/swaps").write_text(f"Filename Type Size Used Priority\n{swaps}")

    def disk(
        self,
        name: str = "sdb",
        *,
        number: str = "8:16",
        size: int = 8 << 20,
        removable: str = "1",
        read_only: str = "0",
        port: str | None = "pci-0000:00:14.0-usb-0:2:1.0-scsi-0:0:0:0",
        bus: str = "devices/pci0000:00/ata1/host0",
        holders: tuple[str, ...] = (),
    ) -> None:
        """Plug a disk of two partitions in, as sysfs lays it out: links into the bus's tree."""
        entry = self.root / "sys" / bus / "block" / name
        device = self.root / "sys" / bus
        major, minor = number.split(":")
        for folder in (entry / "holders", entry / "slaves"):
            folder.mkdir(parents=True)
        _tell(entry, dev=number, size=str(size // 512), removable=removable, ro=read_only)
        _tell(device, vendor="Acme    ", model="Stick 2000")
        (entry / "device").symlink_to(device)
        for part in (1, 2):
            folder = entry / f"{name}{part}"
            (folder / "holders").mkdir(parents=True)
            _tell(folder, dev=f"{major}:{int(minor) + part}", partition=str(part))
            for holder in holders:
                (folder / "holders" / holder).symlink_to(self.root / "sys/class/block" / holder)
        for place in ("sys/block", "sys/class/block", "dev/disk/by-path"):
            (self.root / place).mkdir(parents=True, exist_ok=True)
        (self.root / "sys/block" / name).symlink_to(entry)
        if port is not None:
            (self.root / "dev/disk/by-path" / port).symlink_to(f"../../{name}")
            (self.root / "dev/disk/by-path" / f"{port}-part1").symlink_to(f"../../{name}1")

    def mapper(self, name: str, number: str) -> None:
        """Set up a device mapper's disk that a partition may be held by."""
        entry = self.root / "sys/class/block" / name
        (entry / "holders").mkdir(parents=True)
        _tell(entry, dev=number)


def _tell(folder: Path, **facts: str) -> None:
    for name, value in facts.items():
        (folder / name).write_text(f"{value}\n")
