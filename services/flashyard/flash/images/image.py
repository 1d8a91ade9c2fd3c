"""An image file, opened: what it is, how large it is in each sense, its digest, its parts.

It trusts no header, and knows nothing of devices. Reads raw and Android sparse files; compressed
ones it examines, and `packed` writes them out.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from flashyard.contract.faults import Code, refuse
from flashyard.flash.images.extents import raw_extents, read_header, sparse_extents
from flashyard.flash.images.facts import ImageFacts, plausible
from flashyard.flash.images.packed.inspection import examine
from flashyard.flash.images.packed.packing import BEGINNING, packing_of
from flashyard.flash.images.packed.stream import Progress
from flashyard.flash.images.sparse import MAGIC_BYTES
from flashyard.flash.images.sparse_reader import SparseReader, content_of
from flashyard.flash.images.splitting import effective_limit, split
from flashyard.flash.images.window import Panes, Window, largest
from flashyard.flash.images.zeros import Zeros
from flashyard.flash.source import BLOCK_SIZE, MIB, PART_SIZE, Buffers, Kind, Part


def inspect(path: Path, progress: Progress | None = None, *, unpack: bool = True) -> ImageFacts:
    """Look at an image file, a compressed one's inside; with ``unpack`` False at the bytes alone.

    Of a sparse file every header is read, and its data skipped. A compressed one is read through,
    telling ``progress`` the bytes read so far; what that raises ends it.

    Raises:
        FaultError: `image_corrupt`: it is empty, cut off, or breaks its format's rules;
            `image_too_large`: it grows beyond what any device holds; of a compressed one
            `not_supported`, `invalid_request` (a zip that is not of one file).
        OSError: it cannot be read.
    """
    with path.open("rb", buffering=0) as file:
        packing = packing_of(os.pread(file.fileno(), BEGINNING, 0)) if unpack else None
        if packing is not None:
            return examine(file, packing, progress)
        return _examine(file.fileno())


def _examine(fd: int) -> ImageFacts:
    size = os.fstat(fd).st_size
    if size == 0:
        raise refuse(Code.IMAGE_CORRUPT, "The image is empty.")
    if os.pread(fd, len(MAGIC_BYTES), 0) != MAGIC_BYTES:
        return ImageFacts(Kind.RAW, size, size, size)
    content = sum(extent.content for extent in sparse_extents(fd, size))
    return plausible(ImageFacts(Kind.SPARSE, size, read_header(fd).expanded_size, content))


def digest(path: Path, progress: Progress | None = None) -> str:
    """Give the file's SHA-256 in hex, telling ``progress`` the bytes read so far.

    What ``progress`` raises ends it. Raises OSError where the file cannot be read.
    """
    sha256 = hashlib.sha256()
    buffer = memoryview(bytearray(MIB))
    done = 0
    with path.open("rb", buffering=0) as file:
        while length := file.readinto(buffer):
            sha256.update(buffer[:length])
            done += length
            if progress is not None:
                progress(done)
    return sha256.hexdigest()


class Image:
    """An image file as a source of parts; a context manager, for any number of threads inside.

    What it has found out of the file it knows for all of them; each iterator of parts, and what
    comes of it, is for one thread. Its bytes are taken as they are: a compressed image has to be
    written out before. ``pane`` tells how much of the file to map at a time.
    """

    def __init__(self, path: Path, pane: Callable[[], int] = largest) -> None:
        self.path = path
        self._pane = pane

    def __enter__(self) -> Self:
        self._file = self.path.open("rb", buffering=0)
        try:
            self._fd = self._file.fileno()
            self.facts = _examine(self._fd)
        except BaseException:
            self._file.close()
            raise
        self._panes = Panes(self._fd, self._pane)
        self._zeros: dict[int, Zeros] = {}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()

    @property
    def kind(self) -> Kind:
        """Raw or sparse, by its first bytes."""
        return self.facts.kind

    @property
    def size(self) -> int:
        """The bytes of the file."""
        return self.facts.size

    @property
    def expanded_size(self) -> int:
        """The bytes of the partition it spans."""
        return self.facts.expanded_size

    @property
    def content_size(self) -> int:
        """The bytes it writes there."""
        return self.facts.content_size

    @property
    def mapped(self) -> int:
        """The bytes of the file that are mapped now, for all who read it."""
        return self._panes.mapped

    def count(
        self, limit: int, *, part_size: int = PART_SIZE, block_size: int = BLOCK_SIZE
    ) -> int | None:
        """Count the parts, or None where only reading the whole file would tell."""
        if self.kind is Kind.RAW and self.size > effective_limit(limit, part_size):
            return None
        return sum(1 for _ in self.parts(limit, part_size=part_size, block_size=block_size))

    def parts(
        self, limit: int, *, part_size: int = PART_SIZE, block_size: int = BLOCK_SIZE
    ) -> Iterator[Part]:
        """Cut into parts as :class:`Source` says.

        A file within the limit is one part, as it is. A larger raw one becomes sparse images of
        ``block_size`` blocks, its zeros FILL chunks; a larger sparse one keeps its own blocks,
        and loses its CRC32 chunks.
        """
        limit = effective_limit(limit, part_size)
        if self.size <= limit:
            is_sparse = self.kind is Kind.SPARSE
            whole = self._sparse_whole if is_sparse else self._raw_whole
            return iter((Part(self.size, self.content_size, is_sparse, whole),))
        if self.kind is Kind.SPARSE:
            header = read_header(self._fd)
            blk_sz, total_blks = header.blk_sz, header.total_blks
            extents = sparse_extents(self._fd, self.size)
        else:
            blk_sz, total_blks = block_size, -(-self.size // block_size)
            zeros = Zeros(self._fd, self.size, block_size)
            extents = raw_extents(self._zeros.setdefault(block_size, zeros))
        views = Window(self._panes).views
        return split(extents, blk_sz=blk_sz, total_blks=total_blks, limit=limit, views=views)

    def _raw_whole(self) -> Buffers:
        for view in Window(self._panes).views(0, self.size):
            yield view, len(view)

    def _sparse_whole(self) -> Buffers:
        reader = SparseReader()
        for view in Window(self._panes).views(0, self.size):
            yield view, content_of(reader.feed(view))
