"""Reads an Android sparse image that comes in pieces, as a socket or a file brings them.

It says what stands where; it neither writes it anywhere nor holds it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, TypeAlias

from flashyard.flash.images.sparse import (
    CHECKSUM_SIZE,
    CHUNK_HEADER_SIZE,
    HEADER_SIZE,
    PATTERN_SIZE,
    Chunk,
    ChunkKind,
    Header,
    Tally,
    corrupt,
)


class Data(NamedTuple):
    """Bytes to be written at ``offset`` of the expanded image; a view of what was fed."""

    offset: int
    data: memoryview


class Fill(NamedTuple):
    """``length`` bytes at ``offset``, all the repeated 4-byte ``pattern``."""

    offset: int
    length: int
    pattern: bytes


class Skip(NamedTuple):
    """``length`` bytes at ``offset`` that keep what they hold."""

    offset: int
    length: int


Event: TypeAlias = Header | Data | Fill | Skip


def content_of(events: Iterable[Event]) -> int:
    """Count the bytes that are to be written: data and fills."""
    content = 0
    for event in events:
        if isinstance(event, Data):
            content += len(event.data)
        elif isinstance(event, Fill):
            content += event.length
    return content


class SparseReader:
    """Reads an image that comes in pieces of any size, holding no more than one header of it.

    Feed it every piece, exhaust each feed, then call :meth:`finish`. CRC32 chunks are stepped
    over unchecked, as bootloaders do. Bytes after the last chunk are counted, not refused.

    Attributes:
        header: the image's header, once it has been read.
        trailing: bytes that came after the last chunk.
    """

    def __init__(self) -> None:
        self.header: Header | None = None
        self.trailing = 0
        self._tally = Tally(Header(4, 0, 0))
        self._held = bytearray()  # the part of a header that has come so far
        self._need = HEADER_SIZE
        self._read: Callable[[bytes], Event | None] | None = self._read_header
        self._skip = 0  # bytes of an oversized header still to come
        self._raw = 0  # bytes of a RAW chunk still to come
        self._offset = 0  # where in the expanded image the present chunk goes on

    def feed(self, piece: bytes | bytearray | memoryview) -> Iterator[Event]:
        """Yield what the next piece brings, in order; raises `image_corrupt`.

        A :class:`Data` is valid as long as the piece it was cut from.
        """
        view = memoryview(piece)
        while view:
            if self._skip:
                step = min(self._skip, len(view))
                self._skip -= step
            elif self._raw:
                step = min(self._raw, len(view))
                yield Data(self._offset, view[:step])
                self._raw -= step
                self._offset += step
            elif self._read is None:
                step = len(view)
                self.trailing += step
            else:
                step = self._need - len(self._held)
                self._held += view[:step]
                if len(self._held) == self._need:
                    item = bytes(self._held)
                    self._held.clear()
                    if (event := self._read(item)) is not None:
                        yield event
            view = view[step:]

    def finish(self) -> None:
        """Raise `image_corrupt` if the image is not whole."""
        if self.header is None:
            raise corrupt(f"it ends within its {HEADER_SIZE}-byte header")
        if self._read is not None or self._raw or self._skip:
            raise corrupt(f"it ends within chunk {max(self._tally.chunks, 1) - 1}")

    def _read_header(self, item: bytes) -> Header:
        self.header = Header.unpack(item)
        self._tally = Tally(self.header)
        self._skip = self.header.file_hdr_sz - HEADER_SIZE
        self._expect_chunk()
        return self.header

    def _expect_chunk(self) -> None:
        self._need, self._read = CHUNK_HEADER_SIZE, self._read_chunk
        if self._tally.complete:
            self._tally.close()
            self._read = None

    def _read_chunk(self, item: bytes) -> Event | None:
        chunk = Chunk.unpack(item)
        self._offset = self._tally.blocks * self._tally.header.blk_sz
        body = self._tally.add(chunk)
        self._skip = self._tally.header.chunk_hdr_sz - CHUNK_HEADER_SIZE
        if chunk.kind is ChunkKind.FILL:
            self._need, self._read = PATTERN_SIZE, self._read_fill
        elif chunk.kind is ChunkKind.CRC32:
            self._need, self._read = CHECKSUM_SIZE, self._read_checksum
        else:
            self._expect_chunk()
        if chunk.kind is ChunkKind.RAW:
            self._raw = body
        if chunk.kind is ChunkKind.DONT_CARE:
            return Skip(self._offset, chunk.chunk_sz * self._tally.header.blk_sz)
        return None

    def _read_fill(self, item: bytes) -> Fill:
        end = self._tally.blocks * self._tally.header.blk_sz
        self._expect_chunk()
        return Fill(self._offset, end - self._offset, item)

    def _read_checksum(self, _item: bytes) -> None:
        self._expect_chunk()
