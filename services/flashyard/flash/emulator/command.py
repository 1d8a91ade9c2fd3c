"""What a host may say: the command packets of the fastboot protocol (AOSP fastboot README).

Pure: text to words and numbers. It carries nothing out.
"""

from __future__ import annotations

import re
from typing import NamedTuple, Self

from flashyard.flash.emulator.reply import RefusedError

LONGEST_COMMAND = 64
RESTARTS = frozenset(
    {
        "reboot",
        "reboot-bootloader",
        "reboot-fastboot",
        "reboot-recovery",
        "continue",
        "shutdown",
    }
)
STARTS = frozenset({"reboot", "continue"})
"""Of these, the ones that start the operating system."""

WORDS = RESTARTS | {
    "getvar",
    "download",
    "fetch",
    "flash",
    "erase",
    "set_active",
    "create-logical-partition",
    "delete-logical-partition",
    "resize-logical-partition",
    "snapshot-update",
    "update-super",
}
"""Every command an emulated device knows."""

_HEXADECIMAL = re.compile(r"[0-9a-fA-F]{1,8}", re.ASCII)
_PREFIXED = re.compile(r"0x[0-9a-fA-F]{1,16}", re.ASCII)
_DECIMAL = re.compile(r"\d{1,18}", re.ASCII)


class Command(NamedTuple):
    """One `WORD[:ARGUMENT]`."""

    word: str
    argument: str

    def __str__(self) -> str:
        return f"{self.word}:{self.argument}" if self.argument else self.word

    @classmethod
    def parse(cls, packet: bytes) -> Self:
        """Read a packet; what is no ASCII will not be a known word either."""
        word, _, argument = packet.decode("ascii", "replace").partition(":")
        return cls(word, argument)

    @property
    def restarts(self) -> bool:
        """Whether the device goes away after it."""
        return self.word in RESTARTS and not self.argument

    def size(self) -> int:
        """The bytes a `download` announces, in hexadecimal.

        Raises:
            RefusedError: no such number, or 0.
        """
        size = int(self.argument, 16) if _HEXADECIMAL.fullmatch(self.argument) else 0
        if size == 0:
            raise RefusedError("bad download size")
        return size

    def name_and_size(self) -> tuple[str, int]:
        """The `NAME:SIZE` of a logical partition, in decimal.

        Raises:
            RefusedError: anything else.
        """
        name, _, size = self.argument.rpartition(":")
        if not name or not _DECIMAL.fullmatch(size):
            raise RefusedError("expected NAME:SIZE")
        return name, int(size)

    def name_and_range(self) -> tuple[str, int, int | None]:
        """The `NAME[:0xOFFSET[:0xSIZE]]` of what is to be fetched; no size: to the end.

        Raises:
            RefusedError: anything else.
        """
        name, *numbers = self.argument.split(":")
        if not name or len(numbers) > 2 or not all(map(_PREFIXED.fullmatch, numbers)):
            raise RefusedError("expected NAME[:OFFSET[:SIZE]]")
        offset, size = [*(int(number, 16) for number in numbers), None, None][:2]
        return name, offset or 0, size
