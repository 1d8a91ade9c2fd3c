"""What a device says: the reply packets of the fastboot protocol (AOSP fastboot README, "Session").

Knows no command. TEXT is never sent: AOSP's client 29 takes it for an error.
"""

from __future__ import annotations

LONGEST_REPLY = 256


class RefusedError(Exception):
    """The device says no, in words meant for the host's FAIL line."""


def okay(value: str = "") -> bytes:
    """The command is done; `value` is its answer, if it has one."""
    return _packet(b"OKAY", value)


def fail(text: str) -> bytes:
    """The command is refused or went wrong."""
    return _packet(b"FAIL", text)


def info(line: str) -> bytes:
    """A line to show; more replies follow."""
    return _packet(b"INFO", line)


def data(size: int) -> bytes:
    """The host may now send `size` bytes, less than 4 GiB."""
    return b"DATA%08x" % size


def _packet(kind: bytes, text: str) -> bytes:
    return (kind + text.encode("ascii", "replace"))[:LONGEST_REPLY]
