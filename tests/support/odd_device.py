"""A device made up after what is known of real ones: its oddities, and nothing behind them."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

PLAIN: Mapping[str, bytes] = {
    "product": b"odd",
    "serialno": b"0123456789ABCDEF",
    "version-bootloader": b"1.0",
    "max-download-size": b"0x20000000",
    "unlocked": b"yes",
    "partition-size:system": b"0x80000000",
}


@dataclass
class OddDevice:
    """Meets a transport.

    Attributes:
        told: its variables, over the plain ones; None: not known.
        lines: what `getvar:all` lists; None: it does not know the question.
        before: the lines it says before any OKAY to a command that does something.
        okay: its OKAY to these.
        unknown: its answer where it does not know a variable.
        agrees: what it writes the size with that it agrees to.
        padded: bytes that each of its answers has at least, filled with NULs.
        refuses: FAILs, by command.
    """

    told: Mapping[str, bytes | None] = field(default_factory=dict)
    lines: tuple[bytes, ...] | None = None
    before: tuple[bytes, ...] = ()
    okay: bytes = b"OKAY"
    unknown: bytes = b"FAILunknown variable"
    agrees: bytes = b"DATA%08x"
    padded: int = 0
    refuses: Mapping[str, bytes] = field(default_factory=dict)
    breaks_off: bool = False

    def __post_init__(self) -> None:
        self._answers: deque[bytes] = deque()
        self._left = 0

    def send(self, packet: bytes, wait: float) -> None:
        assert wait > 0
        assert not self._answers, "a command before the last answer was read"
        word, _, argument = packet.decode().partition(":")
        if packet.decode() in self.refuses:
            self._say(b"FAIL" + self.refuses[packet.decode()])
        elif word == "getvar":
            self._say(*self._variable(argument))
        elif word == "download":
            self._left = int(argument, 16)
            self._say(self.agrees % self._left)
        else:
            self._say(*self.before, self.okay)

    def _variable(self, name: str) -> list[bytes]:
        if name == "all" and self.lines is not None:
            return [*(b"INFO" + line for line in self.lines), b"OKAY"]
        value = {**PLAIN, **self.told}.get(name)
        return [self.unknown if value is None else b"OKAY" + value]

    def _say(self, *answers: bytes) -> None:
        self._answers.extend(answer.ljust(self.padded, b"\0") for answer in answers)

    def receive(self, wait: float) -> bytes:
        assert wait > 0
        return self._answers.popleft()

    def open_data(self, size: int, wait: float) -> None:
        assert wait > 0
        assert size == self._left

    def push(self, data: memoryview, wait: float) -> int:
        assert wait > 0
        taken = min(len(data), 16 << 10)
        self._left -= taken
        assert self._left >= 0
        if not self._left:
            self._say(self.okay)
        return taken

    def pull(self, into: memoryview, wait: float) -> int:
        raise AssertionError(f"{len(into)} bytes are pulled of a device that has no fetch, {wait}")

    def close(self) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()
