"""The DFU functional descriptor: what a device can do, and how much it takes at once.

Follows USB DFU 1.1, section 4.1.3, and ST UM0424 for DfuSe's version.
"""

from __future__ import annotations

import struct
from typing import NamedTuple, Self

from flashyard.contract.faults import Code, refuse

_TYPE = 0x21
_FIELDS = struct.Struct("<BHH")
_OLD = 7  # DFU 1.0 ends before bcdDFUVersion
_NEW = 9
_DFUSE = 0x011A
_DFU_1_0 = 0x0100
# For a transfer size no device means: the one that fits every memory, and USB's smallest packet.
_UNTOLD = {0xFFFF: 1024, 0: 64}


class Functional(NamedTuple):
    """``detach_timeout`` in milliseconds, ``transfer_size`` in bytes, ``version`` in BCD."""

    attributes: int
    detach_timeout: int
    transfer_size: int
    version: int

    @property
    def can_download(self) -> bool:
        """Can it be written?"""
        return bool(self.attributes & 1)

    @property
    def can_upload(self) -> bool:
        """Can it be read?"""
        return bool(self.attributes & 2)

    @property
    def is_tolerant(self) -> bool:
        """Does it still talk after it made new firmware its own?"""
        return bool(self.attributes & 4)

    @property
    def will_detach(self) -> bool:
        """Does it leave the bus by itself when told to go into DFU mode?"""
        return bool(self.attributes & 8)

    @property
    def is_dfuse(self) -> bool:
        """Does it speak ST's extensions?"""
        return self.version == _DFUSE

    @classmethod
    def find(cls, descriptors: bytes) -> Self | None:
        """Find it among the descriptors that follow an interface's; None where it is missing.

        Raises:
            FaultError: `protocol_error` where the descriptors do not follow each other.
        """
        rest = descriptors
        while rest:
            length = rest[0]
            if length < 2 or length > len(rest):
                raise refuse(
                    Code.PROTOCOL_ERROR,
                    "The device's DFU descriptor is damaged.",
                    details=descriptors[:64].hex(" "),
                )
            if rest[1] == _TYPE and length >= _OLD:
                return cls._unpack(rest[:length])
            rest = rest[length:]
        return None

    @classmethod
    def _unpack(cls, data: bytes) -> Self:
        attributes, timeout, size = _FIELDS.unpack_from(data, 2)
        version = int.from_bytes(data[7:9], "little") if len(data) >= _NEW else _DFU_1_0
        return cls(attributes, timeout, _UNTOLD.get(size, size), version)


# What is assumed of a device that tells nothing: that it can be written, in blocks of 1 KiB.
LEAST = Functional(attributes=1, detach_timeout=1000, transfer_size=1024, version=_DFU_1_0)
