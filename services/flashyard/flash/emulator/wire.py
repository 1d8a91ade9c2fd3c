"""What a session needs of a transport; TCP, UDP (and a USB gadget) each are one.

Knows no fastboot command.
"""

from __future__ import annotations

from typing import Protocol


class WireGoneError(Exception):
    """The host went away, broke the transport's rules, or the device was switched off."""


class Wire(Protocol):
    """One host's line to the device. Every method may raise WireGoneError."""

    def read_command(self) -> bytes:
        """Wait for one command packet; the first 4096 bytes of it where it is longer."""

    def send(self, reply: bytes) -> None:
        """Send one reply packet of at most 256 bytes, or up to 64 KiB of a data phase."""

    def read_into(self, view: memoryview) -> int:
        """Take 1 to len(view) bytes of the data phase, wherever the host cut its messages."""

    def linger(self) -> None:
        """Give the last reply half a second to reach the host before the line is dropped."""

    def cut(self) -> None:
        """Drop the line as a pulled cable does, saying nothing."""
