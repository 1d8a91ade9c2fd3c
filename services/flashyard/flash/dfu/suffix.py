"""The suffix of a DFU file: whom the file is for, and a checksum over all of it.

Follows USB DFU 1.1, annex B. It knows no devices.
"""

from __future__ import annotations

import struct
import zlib
from typing import NamedTuple

from flashyard.contract.faults import Code, FaultError, refuse

SIZE = 16
ANY = 0xFFFF
DFUSE = 0x011A
_FIELDS = struct.Struct("<HHHH3sBI")
_SIGNATURE = b"UFD"
_CRC_SIZE = 4
_ALL_ONES = 0xFFFFFFFF


class Suffix(NamedTuple):
    """``release``, ``product``, ``vendor``: of the device, 0xFFFF for any; ``version``: bcdDFU.

    ``length``: of the suffix itself, at least 16.
    """

    release: int
    product: int
    vendor: int
    version: int
    length: int = SIZE

    def suits(self, vendor: int, product: int) -> bool:
        """Is a device of these ids meant?"""
        return self.vendor in {ANY, vendor} and self.product in {ANY, product}


class Checksum:
    """The CRC of a file that comes in pieces: CRC-32 without the inversion at the end."""

    def __init__(self) -> None:
        self._held = b""  # the last bytes: they may be the suffix
        self._crc = 0
        self.size = 0

    def feed(self, piece: bytes | memoryview) -> None:
        """Take the next piece."""
        self.size += len(piece)
        both = self._held + bytes(piece[:SIZE]) if len(piece) <= SIZE else None
        if both is None:
            self._crc = zlib.crc32(piece[:-SIZE], zlib.crc32(self._held, self._crc))
            self._held = bytes(piece[-SIZE:])
        else:
            self._crc = zlib.crc32(both[:-SIZE], self._crc)
            self._held = both[-SIZE:]

    def suffix(self) -> Suffix | None:
        """Read the suffix of what was fed; None where there is none.

        Raises:
            FaultError: `image_corrupt` where there is one and the file is not what it says.
        """
        if len(self._held) < SIZE:
            return None
        release, product, vendor, version, signature, length, crc = _FIELDS.unpack(self._held)
        if signature != _SIGNATURE:
            return None
        found = zlib.crc32(self._held[:-_CRC_SIZE], self._crc) ^ _ALL_ONES
        if found != crc:
            raise _corrupt(f"its CRC is {found:#010x}, its suffix says {crc:#010x}")
        if not SIZE <= length <= self.size:
            raise _corrupt(f"a suffix of {length} bytes in a file of {self.size}")
        return Suffix(release, product, vendor, version, length)


def parse(data: bytes | memoryview) -> Suffix | None:
    """Read the suffix of a whole file; raises as :meth:`Checksum.suffix`."""
    checksum = Checksum()
    checksum.feed(data)
    return checksum.suffix()


def make(firmware: bytes, suffix: Suffix) -> bytes:
    """Give the suffix that makes a DFU file of a firmware, to be put behind it."""
    fields = (suffix.release, suffix.product, suffix.vendor, suffix.version)
    body = _FIELDS.pack(*fields, _SIGNATURE, SIZE, 0)[:-_CRC_SIZE]
    crc = zlib.crc32(body, zlib.crc32(firmware)) ^ _ALL_ONES
    return body + crc.to_bytes(_CRC_SIZE, "little")


def _corrupt(details: str) -> FaultError:
    return refuse(Code.IMAGE_CORRUPT, "The DFU file is damaged.", details=details)
