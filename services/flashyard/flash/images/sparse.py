"""The Android sparse image format, over bytes: its headers and its rules.

It opens no file and knows no device. The names of the fields are those of the source it follows,
AOSP `system/core/libsparse/sparse_format.h`; everything on the wire is little-endian.
"""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import NamedTuple, Self

from flashyard.contract.faults import Code, FaultError, refuse

MAGIC = 0xED26FF3A
MAGIC_BYTES = MAGIC.to_bytes(4, "little")
MAJOR = 1
MAX_BLOCKS = 0xFFFFFFFF
# A chunk of no blocks is 12 bytes and takes microseconds: a small file could keep us for hours.
MAX_CHUNKS = 1 << 22

_HEADER = struct.Struct("<IHHHHIIII")
_CHUNK = struct.Struct("<HHII")
HEADER_SIZE = _HEADER.size
CHUNK_HEADER_SIZE = _CHUNK.size
PATTERN_SIZE = 4
CHECKSUM_SIZE = 4


def corrupt(details: str) -> FaultError:
    """Make the refusal of a sparse image that breaks the format's rules, to be raised at once."""
    return refuse(Code.IMAGE_CORRUPT, "The sparse image is damaged.", details=details)


class ChunkKind(IntEnum):
    """What stands behind a chunk's header."""

    RAW = 0xCAC1  # chunk_sz blocks of data
    FILL = 0xCAC2  # one 4-byte pattern, to be repeated over chunk_sz blocks
    DONT_CARE = 0xCAC3  # nothing; chunk_sz blocks keep what they hold
    CRC32 = 0xCAC4  # a 4-byte checksum of what came before; covers no block


# The bytes behind a chunk's header, where they do not depend on its blocks.
_FIXED_BODY = {
    ChunkKind.FILL: PATTERN_SIZE,
    ChunkKind.DONT_CARE: 0,
    ChunkKind.CRC32: CHECKSUM_SIZE,
}


class Header(NamedTuple):
    """The 28 bytes an image begins with; sizes in bytes, ``total_blks`` in blocks."""

    blk_sz: int
    total_blks: int
    total_chunks: int
    file_hdr_sz: int = HEADER_SIZE
    chunk_hdr_sz: int = CHUNK_HEADER_SIZE
    image_checksum: int = 0
    minor: int = 0

    @property
    def expanded_size(self) -> int:
        """The bytes of the device that the image describes."""
        return self.total_blks * self.blk_sz

    def pack(self) -> bytes:
        """Encode as 28 bytes."""
        return _HEADER.pack(
            MAGIC,
            MAJOR,
            self.minor,
            self.file_hdr_sz,
            self.chunk_hdr_sz,
            self.blk_sz,
            self.total_blks,
            self.total_chunks,
            self.image_checksum,
        )

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        """Decode the first 28 bytes of an image; raises `image_corrupt`."""
        if len(data) < HEADER_SIZE:
            raise corrupt(f"it ends within its {HEADER_SIZE}-byte header")
        magic, major, minor, file_hdr_sz, chunk_hdr_sz, blk_sz, blocks, chunks, checksum = (
            _HEADER.unpack_from(data)
        )
        if magic != MAGIC:
            raise corrupt(f"magic {magic:#010x} instead of {MAGIC:#010x}")
        if major != MAJOR:
            raise corrupt(f"version {major}.{minor}; only {MAJOR}.x is known")
        if file_hdr_sz < HEADER_SIZE or chunk_hdr_sz < CHUNK_HEADER_SIZE:
            raise corrupt(f"header sizes of {file_hdr_sz} and {chunk_hdr_sz} bytes are too small")
        if blk_sz == 0 or blk_sz % 4:
            raise corrupt(f"a block size of {blk_sz} bytes is not a multiple of 4")
        return cls(blk_sz, blocks, chunks, file_hdr_sz, chunk_hdr_sz, checksum, minor)


class Chunk(NamedTuple):
    """The 12 bytes before each chunk: ``chunk_sz`` in blocks, ``total_sz`` in bytes with header."""

    kind: ChunkKind
    chunk_sz: int
    total_sz: int

    def pack(self) -> bytes:
        """Encode as 12 bytes."""
        return _CHUNK.pack(self.kind, 0, self.chunk_sz, self.total_sz)

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        """Decode the first 12 bytes of a chunk; raises `image_corrupt`."""
        if len(data) < CHUNK_HEADER_SIZE:
            raise corrupt(f"it ends within a {CHUNK_HEADER_SIZE}-byte chunk header")
        kind, _, chunk_sz, total_sz = _CHUNK.unpack_from(data)
        try:
            return cls(ChunkKind(kind), chunk_sz, total_sz)
        except ValueError:
            raise corrupt(f"unknown chunk type {kind:#06x}") from None


class Tally:
    """Adds up the chunks of an image and holds them to its header.

    Attributes:
        blocks: blocks described so far; the next chunk starts at this one.
        chunks: chunks seen so far.
        content: bytes that RAW and FILL chunks stand for.
    """

    def __init__(self, header: Header) -> None:
        self.header = header
        self.blocks = 0
        self.chunks = 0
        self.content = 0

    @property
    def complete(self) -> bool:
        """Whether the last chunk the header promises has been added."""
        return self.chunks == self.header.total_chunks

    def add(self, chunk: Chunk) -> int:
        """Add the next chunk; give the bytes that follow its header. Raises `image_corrupt`."""
        length = self.header.blk_sz * chunk.chunk_sz
        body = _FIXED_BODY.get(chunk.kind, length)
        if chunk.total_sz != self.header.chunk_hdr_sz + body:
            raise self._refuse(chunk, f"{chunk.total_sz} bytes for {chunk.chunk_sz} blocks")
        if chunk.kind is ChunkKind.CRC32 and chunk.chunk_sz:
            raise self._refuse(chunk, f"a checksum that covers {chunk.chunk_sz} blocks of its own")
        if self.blocks + chunk.chunk_sz > self.header.total_blks:
            raise self._refuse(chunk, f"goes beyond the {self.header.total_blks} blocks there are")
        if self.chunks == MAX_CHUNKS:
            raise self._refuse(chunk, "is more than makes sense")
        self.chunks += 1
        self.blocks += chunk.chunk_sz
        if chunk.kind in {ChunkKind.RAW, ChunkKind.FILL}:
            self.content += length
        return body

    def _refuse(self, chunk: Chunk, details: str) -> FaultError:
        return corrupt(f"chunk {self.chunks}, {chunk.kind.name}: {details}")

    def close(self) -> None:
        """Raise `image_corrupt` unless the chunks describe every block of the image."""
        if not self.complete:
            raise corrupt(f"it ends after {self.chunks} of {self.header.total_chunks} chunks")
        if self.blocks != self.header.total_blks:
            raise corrupt(f"its chunks describe {self.blocks} of {self.header.total_blks} blocks")
