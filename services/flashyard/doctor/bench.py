"""What is plugged in that a hub would flash, and how to mend what keeps it from that."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from flashyard.doctor.host import Host
from flashyard.doctor.rule import FILE, GROUP, group_of, named_ports, rule
from flashyard.flash.ports.modes import DFU, FASTBOOT
from flashyard.flash.ports.plugged import Plugged
from flashyard.flash.ports.policy import PortPolicy
from flashyard.settings import PortRule

_SPOKEN = {FASTBOOT, DFU}


@dataclass(frozen=True, slots=True)
class Bench:
    """A host, and what is wanted of it.

    Attributes:
        host: the host.
        ports: the stations that are ours, as the hub is told.
        group: may open what is flashed; None: the one that the rule on the host names.
        program: the words that start `flashyard` here, for commands to be copied.
    """

    host: Host
    ports: tuple[PortRule, ...]
    group: str | None = None
    program: tuple[str, ...] = ("flashyard",)

    def devices(self) -> list[Plugged]:
        """List what is plugged into our ports in a mode that is flashed, by station."""
        policy = PortPolicy(self.ports)
        return [
            plugged
            for station, plugged in self.host.usb.scan().items()
            if policy.name(station) is not None
            and _SPOKEN & {function.triplet for function in plugged.functions}
        ]

    @property
    def named(self) -> Sequence[str]:
        """The globs of the ports whose disks are flashed, too."""
        return named_ports(self.ports)

    @property
    def installed(self) -> str | None:
        """The rule as it is on the host; None: there is none."""
        return self.host.text(f"etc/udev/rules.d/{FILE}")

    @property
    def wanted(self) -> str:
        """The rule as it should be.

        Raises:
            FaultError: as `rule`.
        """
        return rule(self.ports, self.rules_group)

    @property
    def is_ruled(self) -> bool:
        """Is the rule there as it should be, with a udev to heed it?"""
        return self.host.has_udev and self.installed == self.wanted

    @property
    def rules_group(self) -> str:
        """The group that the rule gives devices to, or will."""
        return self.group or group_of(self.installed or "")

    @property
    def install(self) -> str:
        """The command that puts the rule in its place; a container can only print it."""
        if self.host.is_container:
            return self.look
        return shlex.join(["sudo", *self.program, "doctor", "--install-udev", *self._told])

    @property
    def look(self) -> str:
        """The command that prints the rule."""
        return shlex.join([*self.program, "doctor", "--print-udev", *self._told])

    @property
    def _told(self) -> list[str]:
        words = []
        if self.rules_group != GROUP:
            words += ["--udev-group", self.rules_group]
        for glob in self.named:
            words += ["--usb-port", glob]
        return words

    @property
    def join(self) -> str:
        """The command that puts this user into the rule's group, from the next login on."""
        words = shlex.join(["sudo", "usermod", "-aG", self.rules_group, self.host.user.name])
        if self.rules_group in self.host.groups:
            return words
        return f"sudo groupadd --system {self.rules_group} && {words}"
