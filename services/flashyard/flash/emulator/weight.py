"""What a download would do to a partition, found out while its bytes stream by.

Keeps four bytes at most, and writes nothing.
"""

from __future__ import annotations

from flashyard.contract.faults import FaultError
from flashyard.flash.images.sparse import MAGIC_BYTES, Chunk, ChunkKind
from flashyard.flash.images.sparse_reader import Data, Event, Fill, Skip, SparseReader


class Weight:
    """Weighs one download.

    Attributes:
        size: bytes so far.
        damage: what breaks the sparse format's rules, or None.
        mended: whether the last chunk was missing and taken for a DONT_CARE. AOSP's client 29
            promises one after each part of a raw file that is no whole number of blocks, and
            leaves it out.
    """

    def __init__(self) -> None:
        self.size = 0
        self.damage: str | None = None
        self.mended = False
        self._head = b""
        self._reader: SparseReader | None = None
        self._described = 0  # bytes of the partition that chunks have described

    @property
    def sparse(self) -> bool:
        """Whether it is an Android sparse image."""
        return self._reader is not None

    @property
    def expanded_size(self) -> int:
        """Bytes of the partition it spans; 0 for a sparse image without a header."""
        if self._reader is None:
            return self.size
        return self._reader.header.expanded_size if self._reader.header else 0

    def take(self, view: memoryview) -> None:
        """Weigh the next bytes."""
        self.size += len(view)
        if len(self._head) < len(MAGIC_BYTES):
            missing = len(MAGIC_BYTES) - len(self._head)
            self._head += view[:missing]
            view = view[missing:]
            if self._head == MAGIC_BYTES:
                self._reader = SparseReader()
                self._read(self._reader, memoryview(self._head))
        if self._reader is not None and self.damage is None:
            self._read(self._reader, view)

    def finish(self) -> None:
        """Say that there is no more."""
        if self._reader is None or self.damage is not None:
            return
        try:
            self._reader.finish()
        except FaultError as error:
            self.damage = error.fault.details
            self._mend(self._reader)

    def _read(self, reader: SparseReader, view: memoryview) -> None:
        try:
            for event in reader.feed(view):
                self._described = _end(event) or self._described
        except FaultError as error:
            self.damage = error.fault.details

    def _mend(self, reader: SparseReader) -> None:
        """See whether the image is whole once a DONT_CARE for all that is left is put behind it."""
        if reader.header is None:
            return
        blocks, rest = divmod(reader.header.expanded_size - self._described, reader.header.blk_sz)
        header_size = reader.header.chunk_hdr_sz
        if blocks == 0 or rest:
            return
        chunk = Chunk(ChunkKind.DONT_CARE, blocks, header_size).pack().ljust(header_size, b"\0")
        skip = Skip(self._described, blocks * reader.header.blk_sz)
        try:
            if list(reader.feed(chunk)) != [skip]:  # it ended within a chunk, not between two
                return
            reader.finish()
        except FaultError:
            return
        self.damage, self.mended = None, True


def _end(event: Event) -> int:
    """Where in the partition an event ends; 0 for the header."""
    if isinstance(event, Data):
        return event.offset + len(event.data)
    return event.offset + event.length if isinstance(event, Fill | Skip) else 0
