"""The DfuSe file: which bytes go to which address of which memory.

Follows ST UM0391, section 2: all numbers are little-endian. It writes nothing.
"""

from __future__ import annotations

import struct
from typing import Any, NamedTuple

from flashyard.contract.faults import Code, FaultError, refuse

MAGIC = b"DfuSe"
_VERSION = 1
_PREFIX = struct.Struct("<5sBIB")
_TARGET = struct.Struct("<6sBI255sII")
_ELEMENT = struct.Struct("<II")
_TARGET_MAGIC = b"Target"
_END_OF_MEMORY = 1 << 32


class Element(NamedTuple):
    """``size`` bytes of the file from ``offset`` on that go to ``address``."""

    address: int
    offset: int
    size: int


class Memory(NamedTuple):
    """What goes to one alternate setting; ``name`` is for people."""

    alternate: int
    name: str | None
    elements: tuple[Element, ...]


def parse(data: bytes | memoryview) -> tuple[Memory, ...]:
    """Read a file without its suffix.

    Raises:
        FaultError: `image_corrupt`: it breaks the format's rules, ends early, or goes on.
    """
    reader = _Reader(memoryview(data))
    magic, version, size, count = reader.take(_PREFIX)
    if magic != MAGIC or version != _VERSION:
        raise _corrupt(f"it begins with {bytes(magic)!r}, version {version}")
    if size != len(data):
        raise _corrupt(f"{len(data)} bytes, its prefix says {size}")
    memories = tuple(_memory(reader) for _ in range(count))
    if reader.position != len(data):
        raise _corrupt(f"{len(data) - reader.position} bytes follow its last target")
    return memories


class _Reader:
    def __init__(self, data: memoryview) -> None:
        self._data = data
        self.position = 0

    def take(self, layout: struct.Struct) -> tuple[Any, ...]:
        """Read a header's fields."""
        return layout.unpack_from(self._data, self.skip(layout.size))

    def skip(self, length: int) -> int:
        """Step over bytes that must be there; return where they begin."""
        start = self.position
        if length > len(self._data) - start:
            raise _corrupt(f"it ends at byte {len(self._data)}, {length} more belong to it")
        self.position += length
        return start


def _memory(reader: _Reader) -> Memory:
    magic, alternate, is_named, name, size, count = reader.take(_TARGET)
    if magic != _TARGET_MAGIC:
        raise _corrupt(f"a target begins with {magic!r}")
    start = reader.position
    elements = tuple(_element(reader) for _ in range(count))
    if reader.position - start != size:
        raise _corrupt(f"a target of {reader.position - start} bytes says it has {size}")
    told = name.split(b"\0")[0].decode("ascii", "replace")
    return Memory(alternate, told if is_named and told else None, elements)


def _element(reader: _Reader) -> Element:
    address, size = reader.take(_ELEMENT)
    if address + size > _END_OF_MEMORY:
        raise _corrupt(f"{size} bytes for {address:#010x} go beyond the last address")
    return Element(address, reader.skip(size), size)


def _corrupt(details: str) -> FaultError:
    return refuse(Code.IMAGE_CORRUPT, "The DfuSe file is damaged.", details=details)
