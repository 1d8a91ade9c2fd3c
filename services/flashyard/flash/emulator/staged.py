"""One download: weighed as it streams by, and kept in a file where its content is wanted.

Knows no partition, and holds nothing in memory.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from flashyard.flash.emulator.weight import Weight

_PIECE = 1 << 20


class Staged:
    """What a host downloaded and has not flashed yet. Open it first, close it at last.

    Attributes:
        weight: what it would do to a partition.
        trouble: why it could not be kept, or None.
    """

    def __init__(self, path: Path | None) -> None:
        self.weight = Weight()
        self.trouble: str | None = None
        self._path = path
        self._file = -1

    def open(self) -> None:
        """Make the file, where there is to be one; raises OSError."""
        if self._path is not None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o644)

    def take(self, view: memoryview) -> None:
        """Add the next bytes; where they cannot be kept, that is remembered as trouble."""
        self.weight.take(view)
        if self._file >= 0 and self.trouble is None:
            try:
                _write_all(self._file, view)
            except OSError as error:
                self.trouble = error.strerror

    def pieces(self) -> Iterator[memoryview]:
        """The bytes again, in order; each piece is valid until the next one."""
        view = memoryview(bytearray(min(_PIECE, self.weight.size)))
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

    def close(self) -> None:
        """Forget the bytes; calling it again is fine."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
        if self._path is not None:
            self._path.unlink(missing_ok=True)
            self._path = None


def _write_all(file: int, view: memoryview) -> None:
    while view:
        view = view[os.write(file, view) :]
