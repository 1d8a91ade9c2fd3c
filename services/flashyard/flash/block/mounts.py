"""What is mounted where, as the kernel tells it in `/proc/self/mountinfo`.

Follows Linux, `Documentation/filesystems/proc.rst`, section 3.5. It judges nothing.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from flashyard.contract.faults import Code, FaultError, refuse
from flashyard.flash.source import MIB

MOUNTINFO = Path("/proc/self/mountinfo")
_LARGEST = 16 * MIB
_FIELDS = 6  # before the optional ones
_AFTER = 3  # behind the hyphen that ends the optional ones
_NUMBER = re.compile(r"\d{1,7}:\d{1,7}", re.ASCII)
_OCTAL = re.compile(r"\\([0-3][0-7]{2})")


class Mount(NamedTuple):
    """``number``: major:minor of what is mounted; ``point``: where; ``source``: its node."""

    number: str
    point: str
    kind: str
    source: str


def mounts(path: Path = MOUNTINFO) -> list[Mount]:
    """Read all mounts this process sees; raises `internal` where that cannot be told."""
    try:
        with path.open("rb") as file:
            text = file.read(_LARGEST + 1)
    except OSError as error:
        raise _unreadable(str(error)) from error
    return parse(text)


def parse(text: bytes) -> list[Mount]:
    """Parse a mountinfo; raises `internal`: a disk must not seem free because of a riddle."""
    if len(text) > _LARGEST:
        raise _unreadable(f"it has over {_LARGEST} bytes")
    lines = text.decode(errors="replace").split("\n")
    return [_mount(line) for line in lines if line]


def _mount(line: str) -> Mount:
    fields = line.split(" ")
    try:
        end = fields.index("-", _FIELDS)
    except ValueError:
        raise _unreadable(f"no end of the optional fields in {line[:200]!r}") from None
    if len(fields) - end - 1 < _AFTER or not _NUMBER.fullmatch(fields[2]):
        raise _unreadable(f"{line[:200]!r}")
    return Mount(fields[2], _plain(fields[4]), fields[end + 1], _plain(fields[end + 2]))


def _plain(field: str) -> str:
    """Undo the kernel's escapes: blank, tab, newline and backslash in three octal digits."""
    return _OCTAL.sub(lambda escape: chr(int(escape[1], 8)), field)


def _unreadable(details: str) -> FaultError:
    return refuse(
        Code.INTERNAL,
        "What is mounted on this host cannot be told.",
        hint="No disk is written until /proc/self/mountinfo can be read.",
        details=details,
    )
