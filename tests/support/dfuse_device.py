"""A DfuSe device in software: pages, an address pointer, and actions that run on GETSTATUS.

By ST AN3156, as strict as the boot ROM: what was not erased cannot be written.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from flashyard.flash.dfu.memory import parse
from flashyard.flash.dfu.status import State
from support.dfu_device import DfuDevice

LAYOUT = "@Internal Flash  /0x08000000/04*001Kg,02*004Kg,01*001Ka"
START = 0x08000000
SIZE = 13 * 1024
ERR_TARGET, ERR_PROG, ERR_ADDRESS = 1, 6, 8


def prefixed(memories: list[tuple[int, list[tuple[int, bytes]]]]) -> bytes:
    """Make a DfuSe file without its suffix: (alternate, [(address, bytes)]) for each memory."""
    body = b""
    for alternate, elements in memories:
        data = b"".join(struct.pack("<II", at, len(each)) + each for at, each in elements)
        name = b"ST...".ljust(255, b"\0")
        fields = (b"Target", alternate, 1, name, len(data), len(elements))
        body += struct.pack("<6sBI255sII", *fields) + data
    return struct.pack("<5sBIB", b"DfuSe", 1, len(body) + 11, len(memories)) + body


@dataclass
class DfuSeDevice(DfuDevice):
    """A device whose memory begins at 0x08000000; its last KiB cannot be written."""

    attributes: int = 0b1011
    version: int = 0x011A
    name: str = LAYOUT
    memory: bytearray = field(default_factory=lambda: bytearray(b"\x5a" * SIZE))
    pointer: int = START
    erased: list[int] = field(default_factory=list)
    started: int | None = None
    waiting: tuple[int, bytes] | None = None  # block number and data, until it is asked

    def take(self, value: int, data: bytes) -> None:
        if not data:
            self.state = State.MANIFEST_SYNC
            return
        self.waiting = (value, data)
        self.state = State.DNLOAD_SYNC
        self.ready_at = 0.0

    def run_block(self) -> None:
        assert self.waiting is not None
        value, data = self.waiting
        self.waiting = None
        if value == 0:
            self._command(data)
        elif value == 1:
            self._refuse(ERR_TARGET)
        else:
            self._program(self.pointer + (value - 2) * self.transfer_size, data)

    def give(self, value: int, length: int) -> bytes:
        at = self.pointer + (value - 2) * self.transfer_size - START
        if value < 2 or not 0 <= at <= SIZE:
            self.stall(ERR_ADDRESS)
        return bytes(self.memory[at : at + length])

    def tell_status(self) -> bytes:
        told = super().tell_status()
        if self.state is State.MANIFEST:
            self.started = self.pointer
            self.restart()
        return told

    def _command(self, data: bytes) -> None:
        command, address = data[0], int.from_bytes(data[1:5], "little")
        if command == 0x21:
            self.pointer = address
        elif command == 0x41:
            self._erase(address)
        else:
            self._refuse(ERR_TARGET)

    def _erase(self, address: int) -> None:
        pages = parse(self.name).at(address)
        if pages is None or not pages.is_erasable or (address - pages.address) % pages.size:
            self._refuse(ERR_ADDRESS)
            return
        at = address - START
        self.memory[at : at + pages.size] = b"\xff" * pages.size
        self.erased.append(address)

    def _program(self, address: int, data: bytes) -> None:
        at = address - START
        if self.memory[at : at + len(data)] != b"\xff" * len(data):
            self._refuse(ERR_PROG)
            return
        self.memory[at : at + len(data)] = data

    def _refuse(self, condition: int) -> None:
        self.state, self.condition = State.ERROR, condition
