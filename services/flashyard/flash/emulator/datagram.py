"""One packet of fastboot over UDP (AOSP fastboot README, "UDP Protocol v1").

Pure: bytes to fields and back.
"""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import NamedTuple, Self

VERSION = 1
LARGEST_PACKET = 8192
"""Bytes we take, header included: what AOSP's host offers."""

SMALLEST_PACKET = 512
"""Bytes, header included, below which no host may go."""

_HEADER = struct.Struct(">BBH")
_TERMS = struct.Struct(">HH")
_NUMBER = struct.Struct(">H")
_CONTINUES = 0x01
HEADER_SIZE = _HEADER.size


class Kind(IntEnum):
    """The packet ids."""

    ERROR = 0
    QUERY = 1
    INIT = 2
    FASTBOOT = 3


class Datagram(NamedTuple):
    """A packet: its kind, its number, whether its message goes on in the next one, its data."""

    kind: Kind
    number: int
    continues: bool
    data: bytes

    def pack(self) -> bytes:
        """Encode."""
        flags = _CONTINUES if self.continues else 0
        return _HEADER.pack(self.kind, flags, self.number) + self.data

    @classmethod
    def unpack(cls, packet: bytes) -> Self | None:
        """Decode; None for what is no packet of this protocol."""
        if len(packet) < HEADER_SIZE or packet[0] not in set(Kind):
            return None
        kind, flags, number = _HEADER.unpack_from(packet)
        return cls(Kind(kind), number, bool(flags & _CONTINUES), packet[HEADER_SIZE:])


def pack_number(number: int) -> bytes:
    """What answers a query: the number expected next."""
    return _NUMBER.pack(number)


def agree(terms: bytes) -> tuple[bytes, int] | None:
    """Meet a host's terms: its protocol version and largest packet.

    Returns:
        What to answer its init with, and the largest packet both take; None for terms that
        break the protocol.
    """
    if len(terms) < _TERMS.size:
        return None
    version, packet = _TERMS.unpack_from(terms)
    if version < VERSION or packet < SMALLEST_PACKET:
        return None
    return _TERMS.pack(VERSION, LARGEST_PACKET), min(packet, LARGEST_PACKET)
