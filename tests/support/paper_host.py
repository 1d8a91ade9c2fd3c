"""A host on paper: USB, udev, its user and its programs, below a directory of the test's own."""

from __future__ import annotations

import errno
from pathlib import Path

from flashyard.doctor.bench import Bench
from flashyard.doctor.host import Host, User
from flashyard.doctor.rule import FILE
from flashyard.settings import PortRule
from support.fake_sysfs import FASTBOOT, FakeSysfs
from support.paper_disk import PaperHost as PaperDisks

STATION = "pci-0000:00:14.0-usb-0:{}"
FIRST_ADDRESS = 2
ROOT = User("root", is_root=True, groups=frozenset({"root"}), listed=frozenset({"root"}))
EVERY_PORT = (PortRule("*"),)


def a_user(*groups: str, listed: tuple[str, ...] = ()) -> User:
    return User("ann", is_root=False, groups=frozenset(groups), listed=frozenset(groups + listed))


class HostOnPaper:
    """Attributes: ``user``; ``shut``: why which node cannot be opened, by its name."""

    def __init__(self, root: Path, user: User | None = None, *, usb: bool = True) -> None:
        self.root = root
        self.user = user or a_user()
        self.groups = frozenset({"root", "disk", "plugdev"})
        self.shut: dict[str, int] = {}
        self.sysfs: FakeSysfs | None = None
        if usb:
            self.sysfs = FakeSysfs(root / "sys")
            self.write("sys/module/usbcore/parameters/autosuspend", "2\n")
        self.disks = PaperDisks(root)

    def write(self, path: str, text: str) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def run_udev(self) -> None:
        self.write("run/udev/control", "")

    def run(self, *programs: str) -> None:
        for number, name in enumerate(programs, start=100):
            self.write(f"proc/{number}/comm", f"{name}\n")

    def rule(self, text: str) -> None:
        self.write(f"etc/udev/rules.d/{FILE}", text)

    def plug(self, name: str = "1-1", *, control: str = "on", serial: str = "PHONE_1") -> str:
        """Plug a device in fastboot mode into a port; return the name of its node."""
        assert self.sysfs is not None
        address = self.sysfs.plug(name, FASTBOOT, serial=serial)
        self.write(f"sys/bus/usb/devices/{name}/power/control", f"{control}\n")
        return f"{address:03d}"

    def bench(self, *ports: str, group: str | None = None) -> Bench:
        rules = tuple(PortRule.parse(port) for port in ports) or EVERY_PORT
        return Bench(self.host, rules, group)

    def ruled(self, *ports: str) -> Bench:
        """With the rule in its place."""
        self.run_udev()
        bench = self.bench(*ports)
        self.rule(bench.wanted)
        return bench

    @property
    def host(self) -> Host:
        return Host(
            self.root,
            self.user,
            self.groups,
            opening=self._opening,
            may_write=lambda node: node.name not in self.shut,
        )

    def _opening(self, node: Path) -> OSError | None:
        number = self.shut.get(node.name)
        return None if number is None else OSError(number, errno.errorcode[number])
