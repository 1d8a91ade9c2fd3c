"""The host under examination: where its files are, who we are on it, what may be opened.

Another root is for hosts made of paper. It judges nothing.
"""

from __future__ import annotations

import grp
import os
import pwd
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from flashyard.flash.ports.disk import Host as Disks
from flashyard.flash.ports.plugged import Plugged
from flashyard.flash.ports.sysfs import Sysfs

# What container engines leave behind for those inside to see.
_CONTAINER = (".dockerenv", "run/.containerenv", "run/systemd/container")


@dataclass(frozen=True, slots=True)
class User:
    """Who runs this.

    Attributes:
        name: the login name, or the number where there is none.
        is_root: may it do everything?
        groups: those this process is in.
        listed: those it will be in after the next login.
    """

    name: str
    is_root: bool
    groups: frozenset[str]
    listed: frozenset[str]

    @classmethod
    def running_this(cls) -> User:
        """Look who we are."""
        number = os.geteuid()
        try:
            entry = pwd.getpwuid(number)
        except KeyError:  # a container may run as a number alone
            name, listed = str(number), frozenset[str]()
        else:
            name = entry.pw_name
            listed = _named(os.getgrouplist(name, entry.pw_gid))
        return cls(name, number == 0, _named([*os.getgroups(), os.getegid()]), listed)


def _named(numbers: list[int]) -> frozenset[str]:
    names = set()
    for number in numbers:
        with suppress(KeyError):
            names.add(grp.getgrgid(number).gr_name)
    return frozenset(names)


def opening(node: Path) -> OSError | None:
    """Open a device's node for both ways and let go of it; return why that failed.

    Asking whether one may is not enough: a container's device rules refuse the opening itself.
    """
    try:
        os.close(os.open(node, os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK))
    except OSError as error:
        return error
    return None


def may_write(node: Path) -> bool:
    """Ask whether we may, without opening: closing a disk has udev look at it anew."""
    return os.access(node, os.R_OK | os.W_OK)


@dataclass(frozen=True, slots=True)
class Host:
    """A host. ``groups``: all that it knows; the others: see the functions of these names."""

    root: Path = Path("/")
    user: User = field(default_factory=User.running_this)
    groups: frozenset[str] = field(
        default_factory=lambda: frozenset(entry.gr_name for entry in grp.getgrall())
    )
    opening: Callable[[Path], OSError | None] = opening
    may_write: Callable[[Path], bool] = may_write

    @property
    def usb(self) -> Sysfs:
        """What is plugged in."""
        return Sysfs(self.root / "sys")

    @property
    def disks(self) -> Disks:
        """Its disks."""
        return Disks(self.root / "sys", self.root / "dev", self.root / "proc")

    @property
    def rules(self) -> Path:
        """Where the operator's own udev rules are."""
        return self.root / "etc/udev/rules.d"

    @property
    def has_udev(self) -> bool:
        """Does a udev daemon run here?"""
        return (self.root / "run/udev/control").exists()

    @property
    def is_container(self) -> bool:
        """Are we inside of one, with the real host out of sight?"""
        return any((self.root / mark).exists() for mark in _CONTAINER)

    def node(self, plugged: Plugged) -> Path:
        """Tell what is opened to talk to a device."""
        return self.root / "dev/bus/usb" / f"{plugged.bus:03d}" / f"{plugged.address:03d}"

    def text(self, path: str) -> str | None:
        """Read a small file below the root; None where there is none."""
        try:
            return (self.root / path).read_text(encoding="utf-8", errors="replace")
        except OSError:
            return None

    def word(self, path: str) -> str | None:
        """Read a file of one word, as those of sysfs are; None where there is none."""
        told = self.text(path)
        return None if told is None else told.strip()

    def programs(self) -> frozenset[str]:
        """List what runs, by the kernel's names, which end after 15 characters."""
        found = set()
        for entry in (self.root / "proc").glob("[0-9]*/comm"):
            with suppress(OSError):  # it ended while we looked
                found.add(entry.read_text(encoding="utf-8", errors="replace").strip())
        return frozenset(found)
