"""The two ways to a DFU device's memory: as a stream (DFU 1.1), or by address (DfuSe).

Plain DFU follows USB DFU 1.1, section 6; DfuSe follows ST AN3156, sections 4 and 5.
"""

from __future__ import annotations

from typing import Protocol

from flashyard.flash.dfu.functional import Functional
from flashyard.flash.dfu.memory import Layout
from flashyard.flash.dfu.session import Session

# Commands of DfuSe, sent as block 0; data begins with block 2.
_SET_ADDRESS = 0x21
_ERASE = 0x41
_COMMAND = 0
_FIRST = 2


class Access(Protocol):
    """Writes and reads in order, from lower addresses to higher ones within a span."""

    def write(self, address: int, block: bytes) -> None:
        """Write a block of at most the transfer size; a shorter one is a span's last."""

    def finish(self) -> None:
        """Return once the device has made what was written its own."""

    def read(self, address: int, length: int) -> bytes:
        """Read what is there now; less where the device says there is no more."""

    def leave(self, start: int) -> None:
        """Have it start what it holds."""


class StreamAccess:
    """Plain DFU: blocks are counted, and addresses are offsets in the firmware."""

    def __init__(self, session: Session, functional: Functional) -> None:
        self._session = session
        self._functional = functional
        self._written = 0  # blocks
        self._read = 0  # blocks
        self._held = bytearray()  # read ahead of what was asked for
        self._has_ended = False

    def write(self, address: int, block: bytes) -> None:
        """Send the next block."""
        self._written = address // self._functional.transfer_size
        self._session.download(self._written, block)
        self._written += 1

    def finish(self) -> None:
        """Have it manifest; one that cannot go on talking has left the bus after that."""
        self._session.manifest(self._written, is_tolerant=self._functional.is_tolerant)

    def read(self, address: int, length: int) -> bytes:
        """Upload the next bytes; from the beginning where that is asked for."""
        if address == 0:
            self._session.make_idle()
            self._read, self._has_ended = 0, False
            self._held.clear()
        size = self._functional.transfer_size
        while len(self._held) < length and not self._has_ended:
            block = self._session.upload(self._read, size)
            self._held += block
            self._read += 1
            self._has_ended = len(block) < size
        taken = bytes(self._held[:length])
        del self._held[:length]
        return taken

    def leave(self, _start: int) -> None:
        """Do nothing: a reset of the bus is what starts it."""


class AddressAccess:
    """DfuSe: an address pointer, and pages that are erased before they are written."""

    def __init__(self, session: Session, functional: Functional, layout: Layout) -> None:
        self._session = session
        self._size = functional.transfer_size
        self._layout = layout
        self._erased: set[int] = set()

    def write(self, address: int, block: bytes) -> None:
        """Erase the pages the block touches, if this was not done yet, and write it."""
        for page in self._layout.touched(address, address + len(block)):
            if page not in self._erased:
                self._command(_ERASE, page)
                self._erased.add(page)
        self._command(_SET_ADDRESS, address)
        self._session.download(_FIRST, block)

    def finish(self) -> None:
        """Go to dfuIDLE: what was accepted is written."""
        self._session.abort()

    def read(self, address: int, length: int) -> bytes:
        """Upload from an address; the pointer can only be set before an upload begins."""
        self._session.make_idle()
        self._command(_SET_ADDRESS, address)
        self._session.abort()
        found = bytearray()
        number = _FIRST
        while len(found) < length:
            block = self._session.upload(number, min(self._size, length - len(found)))
            found += block
            number += 1
            if len(block) < self._size:
                break
        return bytes(found)

    def leave(self, start: int) -> None:
        """Start the program at an address."""
        self._session.make_idle()
        self._command(_SET_ADDRESS, start)
        self._session.leave(_FIRST)

    def _command(self, command: int, address: int) -> None:
        self._session.download(_COMMAND, bytes([command]) + address.to_bytes(4, "little"))
