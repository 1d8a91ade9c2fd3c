"""A raw image seen through its block map: an Android sparse image of what the map covers.

It is made while it is read, bare or compressed, and held to the map's checksums; what the map
leaves out is DONT_CARE. It knows no device, and keeps one MiB at most.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

from flashyard.contract.faults import Code, FaultError, refuse
from flashyard.flash.images.bmap import Bmap, Range
from flashyard.flash.images.facts import ImageFacts
from flashyard.flash.images.packed.packing import BEGINNING, packing_of
from flashyard.flash.images.packed.stream import Progress, unpacked
from flashyard.flash.images.sparse import CHUNK_HEADER_SIZE, HEADER_SIZE, Chunk, ChunkKind, Header
from flashyard.flash.source import MIB, Kind

Pieces = Iterator[bytes | memoryview]

_BLOCK_SIZES = (4096, 2048, 1024, 512)  # the last is every disk's
_LONGEST_CHUNK = 1024 * MIB  # the format counts a chunk's bytes in 32 bits


class MappedImage:
    """The image at ``path`` as its map has it; nothing is opened before it is read."""

    def __init__(self, path: Path, bmap: Bmap) -> None:
        if not bmap.ranges:
            raise _wrong("it covers nothing")
        self.path = path
        self._map = bmap
        self._blk_sz = _block_size(bmap)

    @property
    def facts(self) -> ImageFacts:
        """What the sparse image is, by the map alone."""
        chunks = list(self._chunks())
        blocks = sum(each.chunk.chunk_sz for each in chunks if each.range is not None)
        content = blocks * self._blk_sz
        size = HEADER_SIZE + CHUNK_HEADER_SIZE * len(chunks) + content
        return ImageFacts(Kind.SPARSE, size, self._total_blks * self._blk_sz, content)

    def pieces(self, progress: Progress | None = None) -> Pieces:
        """Yield the sparse image's bytes in order, each piece valid until the next.

        ``progress`` is told the bytes of the file read so far; what it raises ends it.

        Raises:
            FaultError: `image_corrupt`: the map is of another image, or the image is damaged; what
                :func:`unpacked` raises.
            OSError: it cannot be read.
        """
        count = sum(1 for _ in self._chunks())
        yield Header(self._blk_sz, self._total_blks, count).pack()
        with self.path.open("rb", buffering=0) as file:
            reader = _reader(file, self._map.image_size, progress)
            checksum = hashlib.new(self._map.algorithm)
            for each in self._chunks():
                yield each.chunk.pack()
                if each.range is None:
                    continue
                for piece in reader.read(each.start, each.end):
                    checksum.update(piece)
                    yield piece
                if padding := each.chunk.chunk_sz * self._blk_sz - (each.end - each.start):
                    yield bytes(padding)
                if each.end == each.range.end:
                    _hold(each.range, checksum.hexdigest())
                    checksum = hashlib.new(self._map.algorithm)
            reader.finish()

    @property
    def _total_blks(self) -> int:
        return -(-self._map.image_size // self._blk_sz)

    def _chunks(self) -> Iterator[_Span]:
        position = 0  # in blocks
        for mapped in self._map.ranges:
            yield from self._gap(mapped.start // self._blk_sz - position)
            for start in range(mapped.start, mapped.end, _LONGEST_CHUNK):
                end = min(start + _LONGEST_CHUNK, mapped.end)
                blocks = -(-(end - start) // self._blk_sz)
                size = CHUNK_HEADER_SIZE + blocks * self._blk_sz
                yield _Span(Chunk(ChunkKind.RAW, blocks, size), start, end, mapped)
            position = -(-mapped.end // self._blk_sz)
        yield from self._gap(self._total_blks - position)

    def _gap(self, blocks: int) -> Iterator[_Span]:
        if blocks:
            yield _Span(Chunk(ChunkKind.DONT_CARE, blocks, CHUNK_HEADER_SIZE))


class _Span(NamedTuple):
    """A chunk of the sparse image; of a RAW one the bytes ``[start, end)`` of the image."""

    chunk: Chunk
    start: int = 0
    end: int = 0
    range: Range | None = None


class _Reader(Protocol):
    """Reads an image from its beginning to its end, and leaves out what is not asked for."""

    def read(self, start: int, end: int) -> Iterator[memoryview]:
        """Yield ``[start, end)``, which lies behind what was read before."""

    def finish(self) -> None:
        """Raise `image_corrupt` unless the image ends where it should."""


def _reader(file: io.FileIO, size: int, progress: Progress | None) -> _Reader:
    packing = packing_of(os.pread(file.fileno(), BEGINNING, 0))
    if packing is None:
        return _BareReader(file, size, progress)
    return _PackedReader(unpacked(file, packing, progress=progress), size)


class _BareReader:
    """Seeks over what is not asked for."""

    def __init__(self, file: io.FileIO, size: int, progress: Progress | None) -> None:
        self._file = file
        self._size = size
        self._progress = progress
        found = os.fstat(file.fileno()).st_size
        if found != size:
            raise _wrong(f"it is of an image of {size} bytes, this one has {found}")

    def read(self, start: int, end: int) -> Iterator[memoryview]:
        """Yield at most 1 MiB at a time."""
        buffer = memoryview(bytearray(min(MIB, end - start)))
        while start < end:
            done = os.preadv(self._file.fileno(), [buffer[: end - start]], start)
            if not done:
                raise refuse(Code.IMAGE_CORRUPT, "The image became shorter while it was read.")
            start += done
            if self._progress is not None:
                self._progress(start)
            yield buffer[:done]

    def finish(self) -> None:
        """Tell that all was read."""
        if self._progress is not None:
            self._progress(self._size)


class _PackedReader:
    """Unpacks everything, and drops what is not asked for."""

    def __init__(self, pieces: Iterator[memoryview], size: int) -> None:
        self._pieces = pieces
        self._size = size
        self._held = memoryview(b"")
        self._at = 0  # where what is held begins

    def read(self, start: int, end: int) -> Iterator[memoryview]:
        """Yield what was unpacked at a time."""
        while start < end:
            behind = self._at + len(self._held)
            if start < behind:
                first = start - self._at
                piece = self._held[first : first + end - start]
                start += len(piece)
                yield piece
            elif not self._next():
                raise _wrong(f"the image ends at byte {behind}")

    def finish(self) -> None:
        """Unpack the rest: it may be damaged there, or not end where it should."""
        while self._next():
            pass
        found = self._at + len(self._held)
        if found != self._size:
            raise _wrong(f"it is of an image of {self._size} bytes, this one has {found}")

    def _next(self) -> bool:
        piece = next(self._pieces, None)
        if piece is None:
            return False
        self._at += len(self._held)
        self._held = piece
        return self._at <= self._size


def _block_size(bmap: Bmap) -> int:
    """Choose blocks that fit the map's, and with which the image ends, if there are such."""
    fitting = [size for size in _BLOCK_SIZES if bmap.block_size % size == 0]
    if not fitting:
        raise refuse(
            Code.NOT_SUPPORTED,
            "The block map has blocks that no disk has.",
            hint="Make it again with `bmaptool create`.",
            details=f"{bmap.block_size} bytes",
        )
    return next((size for size in fitting if bmap.image_size % size == 0), fitting[-1])


def _hold(mapped: Range, found: str) -> None:
    if found != mapped.checksum:
        raise _wrong(f"bytes {mapped.start} to {mapped.end} have another checksum")


def _wrong(details: str) -> FaultError:
    return refuse(
        Code.IMAGE_CORRUPT,
        "The image is not what its block map says.",
        hint="Download both again. `--bmap FILE` names another map, `--no-bmap` does without.",
        details=details,
    )
