"""A DfuSe device's memory, as the name of an alternate setting lays it out.

Follows ST UM0424, section 10.3.2: `@Name /0xADDRESS/COUNT*SIZE UNIT TYPE,…`. It knows no pipe.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from flashyard.contract.faults import Code, FaultError, refuse

_LONGEST = 1024  # characters; a USB string has 126
_PART = re.compile(r"([0-9]{1,5})\*([0-9]{1,5})([ BKMbkm]?)([a-g])\s*", re.ASCII)
_ADDRESS = re.compile(r"\s*0[xX]([0-9a-fA-F]{1,8})\s*", re.ASCII)
_UNITS = {"": 1, " ": 1, "B": 1, "K": 1 << 10, "M": 1 << 20}
_READABLE, _ERASABLE, _WRITABLE = 1, 2, 4  # the low bits of the type's letter
_END = 1 << 32


class Pages(NamedTuple):
    """``number`` pages of ``size`` bytes in a row, that may be treated alike."""

    address: int
    size: int
    number: int
    traits: int

    @property
    def end(self) -> int:
        """The address behind the last."""
        return self.address + self.size * self.number

    @property
    def is_readable(self) -> bool:
        """May they be read?"""
        return bool(self.traits & _READABLE)

    @property
    def is_erasable(self) -> bool:
        """Must they be erased before they are written?"""
        return bool(self.traits & _ERASABLE)

    @property
    def is_writable(self) -> bool:
        """May they be written?"""
        return bool(self.traits & _WRITABLE)


class Layout(NamedTuple):
    """A memory by its name, and its pages as they were told."""

    name: str
    pages: tuple[Pages, ...]

    @property
    def size(self) -> int:
        """The bytes of all pages."""
        return sum(pages.end - pages.address for pages in self.pages)

    def at(self, address: int) -> Pages | None:
        """Find the pages an address belongs to."""
        return next((each for each in self.pages if each.address <= address < each.end), None)

    def within(self, start: int, end: int) -> Iterator[Pages | None]:
        """Walk over what a range lies in, in order; ends with None where there is a gap."""
        while start < end:
            pages = self.at(start)
            yield pages
            if pages is None:
                return
            start = pages.end

    def touched(self, start: int, end: int) -> Iterator[int]:
        """Yield the addresses of the pages to erase before a range is written."""
        while start < end and (pages := self.at(start)) is not None:
            page = start - (start - pages.address) % pages.size
            if pages.is_erasable:
                yield page
            start = page + pages.size


def parse(text: str) -> Layout:
    """Read the name of an alternate setting.

    Raises:
        FaultError: `protocol_error` where it lays out no memory.
    """
    if len(text) > _LONGEST or not text.startswith("@"):
        raise _odd(text)
    name, *fields = text[1:].split("/")
    if not fields or len(fields) % 2:
        raise _odd(text)
    pages: list[Pages] = []
    for address, sizes in zip(fields[::2], fields[1::2], strict=True):
        start = _ADDRESS.fullmatch(address)
        if start is None:
            raise _odd(text)
        pages += _pages(int(start[1], 16), sizes, text)
    return Layout(name.strip(), tuple(pages))


def _pages(address: int, sizes: str, text: str) -> Iterator[Pages]:
    for part in sizes.split(","):
        told = _PART.fullmatch(part.lstrip())
        if told is None:
            raise _odd(text)
        count, size, unit, letter = told.groups()
        pages = Pages(address, int(size) * _UNITS[unit.upper()], int(count), ord(letter) & 7)
        if not pages.size or not pages.number or pages.end > _END:
            raise _odd(text)
        yield pages
        address = pages.end


def _odd(text: str) -> FaultError:
    said = "The device's memory layout makes no sense."
    return refuse(Code.PROTOCOL_ERROR, said, details=repr(text[:200]))
