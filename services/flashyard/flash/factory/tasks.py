"""What a bundle may ask to be done, one thing at a time. Nothing is carried out here."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias


class Flash(NamedTuple):
    """Write a file of the bundle to a partition; ``other``: in the slot beside the job's own."""

    partition: str
    file: str
    other: bool = False


class UpdateSuper(NamedTuple):
    """Have the device lay out its logical partitions as `super_empty.img` says, if there is one."""


class Reboot(NamedTuple):
    """Restart the device before going on."""

    into: Literal["bootloader", "fastboot"]


class Erase(NamedTuple):
    """Erase a partition of the user's."""

    partition: str


class IfWipe(NamedTuple):
    """Do it only where the user's data are wiped."""

    task: Flash | Erase


Task: TypeAlias = Flash | UpdateSuper | Reboot | Erase | IfWipe
