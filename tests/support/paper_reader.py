"""USB disks and card readers on a bench of files: sysfs, device nodes, mounts, all of our making.

What is written is real files, or loop devices where a test brings some.
"""

from __future__ import annotations

from pathlib import Path

from flashyard.flash.ports.disk import Host
from flashyard.flash.ports.sysfs import Sysfs
from flashyard.flash.usb.host import UsbHost
from support.fake_sysfs import FakeSysfs

STORAGE = (0x08, 0x06, 0x50, "")
STATION = "pci-0000:00:14.0-usb-0:{}"
MIB = 1 << 20
# What the kernel says of a file that stands for a disk.
_NO_NUMBER = "0:0"


class PaperReader:
    """A host with USB; media come and go in what is plugged in."""

    def __init__(self, root: Path) -> None:
        self.sysfs = FakeSysfs(root / "sys")
        self.nodes = root / "dev"
        self._proc = root / "proc"
        (root / "sys/block").mkdir()
        self.nodes.mkdir()
        (self._proc / "self").mkdir(parents=True)
        (self._proc / "swaps").write_text("Filename Type Size Used Priority\n")
        self.mount()
        self.disks = Host(sys=root / "sys", dev=self.nodes, proc=self._proc)
        self.host = UsbHost(Sysfs(self.sysfs.root), disks=self.disks)

    def plug(self, name: str, serial: str | None = "STICK_1") -> None:
        """Plug in a stick or a reader; its disks come with :meth:`insert`."""
        self.sysfs.plug(name, STORAGE, ids=(0x0781, 0x5581), serial=serial, model="Ultra")

    def insert(
        self,
        name: str,
        disk: str = "sda",
        *,
        lun: int = 0,
        size: int = 8 * MIB,
        number: str = _NO_NUMBER,
        kind: str = "0",
    ) -> Path:
        """Have a disk in a slot of what is plugged in; return what is written, 0xEE all over."""
        unit = self._unit(name, lun)
        entry = unit / "block" / disk
        if not entry.is_dir():
            (entry / "holders").mkdir(parents=True)
            (entry / "device").symlink_to(unit)
            (self.sysfs.root / "block" / disk).symlink_to(entry)
        told = {"dev": number, "removable": "1", "ro": "0", "size": str(size // 512)}
        for attribute, value in told.items():
            (entry / attribute).write_text(f"{value}\n")
        for attribute, value in {"type": kind, "vendor": "SanDisk ", "model": "Ultra"}.items():
            (unit / attribute).write_text(f"{value}\n")
        node = self.nodes / disk
        if number == _NO_NUMBER:
            node.write_bytes(b"\xee" * size)
        return node

    def tell(self, disk: str, **facts: str) -> None:
        """Change what sysfs says of a disk."""
        for attribute, value in facts.items():
            (self.sysfs.root / "block" / disk / attribute).write_text(f"{value}\n")

    def take_out(self, disk: str) -> None:
        """Take the medium out of a slot that stays."""
        self.tell(disk, size="0")

    def unplug(self, name: str) -> None:
        self.sysfs.unplug(name)
        for link in (self.sysfs.root / "block").iterdir():
            if not link.exists():
                link.unlink()

    def mount(self, *points: str, number: str = _NO_NUMBER) -> None:
        """Have a disk mounted there, and nowhere else."""
        lines = [f"30 1 {number} / {point} rw - vfat /dev/sda1 rw\n" for point in points]
        (self._proc / "self/mountinfo").write_text("".join(lines))

    def _unit(self, name: str, lun: int) -> Path:
        device = (self.sysfs.root / "bus/usb/devices" / name).resolve()
        return device / f"{name}:1.0/host6/target6:0:0/6:0:0:{lun}"
