"""One member of a compressed stream undone, whatever the compression; the libraries' one door.

Its shape is that of the standard library's `lzma.LZMADecompressor`.
"""

from __future__ import annotations

import lzma
import sys
import zlib
from collections.abc import Callable, Mapping
from typing import Protocol

from flashyard.flash.images.packed.packing import Packing

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

# What one image may ask of the memory to be unpacked: `zstd` itself accepts no larger window
# without being told to, and `xz -9` needs half of it.
WINDOW_LOG = 27
MEMORY = 1 << WINDOW_LOG

ERRORS = (zlib.error, lzma.LZMAError, zstd.ZstdError)


class Decoder(Protocol):
    """Undoes one member: one gzip member, one xz stream, one zstd frame."""

    @property
    def eof(self) -> bool:
        """Has the member's end been reached, and its checksum been right?"""
        ...

    @property
    def needs_input(self) -> bool:
        """Is there nothing more to be had without more input?"""
        ...

    @property
    def unused_data(self) -> bytes:
        """What was fed beyond the member's end."""
        ...

    def decompress(self, data: bytes, /, max_length: int) -> bytes:
        """Feed some input, perhaps none, and get at most so many bytes."""
        ...


class _Gzip:
    """Gives zlib's decompressor the shape of the others."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
        self._is_full = False

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def needs_input(self) -> bool:
        return not self._inner.unconsumed_tail and not self._is_full

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, /, max_length: int) -> bytes:
        out = self._inner.decompress(self._inner.unconsumed_tail + data, max_length)
        self._is_full = len(out) == max_length
        return out


def _xz() -> Decoder:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=MEMORY)


def _zstd() -> Decoder:
    return zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: WINDOW_LOG})


DECODERS: Mapping[Packing, Callable[[], Decoder]] = {
    Packing.GZIP: _Gzip,
    Packing.XZ: _xz,
    Packing.ZSTD: _zstd,
}


def wants_memory(error: Exception) -> bool:
    """Is it the memory that was refused? The libraries tell it by their words alone."""
    return "memory" in str(error).lower()
