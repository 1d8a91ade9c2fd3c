"""One download: weighed as it streams by, and kept in a file where its content is wanted.

Knows no partition; holds no more than four bytes in memory.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from flashyard.contract.faults import FaultError
from flashyard.flash.sparse import MAGIC_BYTES, Header
from flashyard.flash.sparse_reader import SparseReader

_PIECE = 1 << 20


class Staged:
    """What a host downloaded and has not flashed yet. Open it first, close it at last.

    Attributes:
        size: bytes downloaded.
        expanded_size: bytes of the partition they span.
        damage: why nothing can be flashed from this, or None. A device notices on `flash`.
    """

    def __init__(self, path: Path | None) -> None:
        self.size = 0
        self.expanded_size = 0
        self.damage: str | None = None
        self._path = path
        self._file = -1
        self._head = b""
        self._reader: SparseReader | None = None

    def open(self) -> None:
        """Make the file, where there is to be one; raises OSError."""
        if self._path is not None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o644)

    @property
    def sparse(self) -> bool:
        """Whether it is an Android sparse image."""
        return self._head == MAGIC_BYTES

    def take(self, view: memoryview) -> None:
        """Add the next bytes. What cannot be kept or read is remembered as damage."""
        self._weigh(view)
        if self._file >= 0 and self.damage is None:
            try:
                _write_all(self._file, view)
            except OSError as error:
                self.damage = f"cannot store the download: {error.strerror}"

    def finish(self) -> None:
        """Say that the last byte was added."""
        if self._reader is None:
            self.expanded_size = self.size
        elif self.damage is None:
            try:
                self._reader.finish()
            except FaultError as error:
                self.damage = error.fault.details

    def pieces(self) -> Iterator[memoryview]:
        """The bytes again, in order; each piece is valid until the next one."""
        view = memoryview(bytearray(min(_PIECE, max(self.size, 1))))
        offset = 0
        while count := os.preadv(self._file, [view], offset):
            yield view[:count]
            offset += count

    def move(self, target: Path, size: int) -> None:
        """Become the file `target`, `size` bytes long, zeros behind what was downloaded."""
        if self._path is not None:
            os.ftruncate(self._file, size)
            self._path.replace(target)
            self._path = None
        self.close()

    def close(self) -> None:
        """Forget the bytes; calling it again is fine."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
        if self._path is not None:
            self._path.unlink(missing_ok=True)
            self._path = None

    def _weigh(self, view: memoryview) -> None:
        if self.size < len(MAGIC_BYTES):
            missing = len(MAGIC_BYTES) - self.size
            self._head += view[:missing]
            self.size += len(view)
            if self.sparse:
                self._reader = SparseReader()
                self._read(memoryview(self._head))
                self._read(view[missing:])
            return
        self.size += len(view)
        self._read(view)

    def _read(self, view: memoryview) -> None:
        if self._reader is None or self.damage is not None:
            return
        try:
            for event in self._reader.feed(view):
                if isinstance(event, Header):
                    self.expanded_size = event.expanded_size
        except FaultError as error:
            self.damage = error.fault.details


def _write_all(file: int, view: memoryview) -> None:
    while view:
        view = view[os.write(file, view) :]
