"""How an image file is compressed, told by its first bytes; names and promises are not asked."""

from __future__ import annotations

from enum import StrEnum

BEGINNING = 4  # the bytes it takes to tell
_ZSTD_SKIPPABLE = b"\x2a\x4d\x18"  # after a byte from 0x50 to 0x5f; parallel packers begin so


class Packing(StrEnum):
    """A compression this product undoes by itself."""

    GZIP = "gzip"  # RFC 1952
    XZ = "xz"  # The .xz File Format 1.2.1
    ZSTD = "zstd"  # RFC 8878
    ZIP = "zip"  # PKWARE's APPNOTE.TXT 6.3.10


def packing_of(beginning: bytes) -> Packing | None:
    """Tell the compression by a file's first four bytes, or None."""
    if beginning.startswith(b"\x1f\x8b\x08"):
        return Packing.GZIP
    if beginning == b"\xfd7zX":
        return Packing.XZ
    if beginning == b"\x28\xb5\x2f\xfd":
        return Packing.ZSTD
    if beginning[1:] == _ZSTD_SKIPPABLE and 0x50 <= beginning[0] <= 0x5F:
        return Packing.ZSTD
    if beginning in {b"PK\x03\x04", b"PK\x05\x06"}:
        return Packing.ZIP
    return None
