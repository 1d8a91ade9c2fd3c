"""Where flashed content lies: `DIR/SERIAL/PARTITION.img`, or nowhere for a discarding device.

Knows full partition names and bytes; whether they fit is the caller's business.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from flashyard.flash.emulator.staged import Staged
from flashyard.flash.images.sparse_reader import Data, Event, Fill, SparseReader

_BLOCK = 4096
_STAGING_PREFIX = ".staging-"
_FILL_PIECE = 1 << 20
_READ_PIECE = 64 << 10


class Media:
    """A device's storage. No file is held open, or created before something is flashed to it."""

    def __init__(self, directory: Path | None) -> None:
        self._directory = directory
        self._numbers = count(1)

    @property
    def keeps(self) -> bool:
        """Is what was flashed still there to be read?"""
        return self._directory is not None

    def path(self, full: str) -> Path:
        """Where a partition's content lies once it was flashed.

        Raises:
            LookupError: the device discards what it is sent.
        """
        if self._directory is None:
            raise LookupError("A discarding device keeps no partition files.")
        return self._directory / f"{full}.img"

    def clean(self) -> None:
        """Remove what downloads of a killed process left behind."""
        if self._directory is not None:
            for left_over in self._directory.glob(f"{_STAGING_PREFIX}*"):
                left_over.unlink(missing_ok=True)

    def stage(self) -> Staged:
        """Make the place for one download, to be opened."""
        if self._directory is None:
            return Staged(None)
        return Staged(self._directory / f"{_STAGING_PREFIX}{os.getpid()}-{next(self._numbers)}")

    def flash(self, full: str, staged: Staged) -> None:
        """Write a download to a partition: a raw one replaces its file, a sparse one patches it.

        Raises:
            OSError: the disk is full or failing.
        """
        if self._directory is None:
            return
        if staged.weight.sparse:
            _patch(self.path(full), staged)
        else:
            staged.move(self.path(full), -(-staged.weight.size // _BLOCK) * _BLOCK)

    def read(self, full: str, offset: int, size: int) -> Iterator[bytes]:
        """Yield a partition's bytes, of which those that were never flashed are zeros.

        Raises:
            OSError: the disk is failing.
        """
        try:
            file = os.open(self.path(full), os.O_RDONLY)
        except FileNotFoundError:
            file = os.open(os.devnull, os.O_RDONLY)
        try:
            for start in range(offset, offset + size, _READ_PIECE):
                length = min(_READ_PIECE, offset + size - start)
                yield os.pread(file, length, start).ljust(length, b"\0")
        finally:
            os.close(file)

    def erase(self, full: str) -> None:
        """Forget a partition's content."""
        if self._directory is not None:
            self.path(full).unlink(missing_ok=True)

    def shorten(self, full: str, size: int) -> None:
        """Forget what lies beyond `size`."""
        if self._directory is None or not self.path(full).exists():
            return
        if self.path(full).stat().st_size > size:
            os.truncate(self.path(full), size)


def _patch(path: Path, staged: Staged) -> None:
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        old_size = os.fstat(file).st_size
        os.ftruncate(file, staged.weight.expanded_size)
        reader = SparseReader()
        for piece in staged.pieces():
            for event in reader.feed(piece):
                _apply(file, event, old_size)
    finally:
        os.close(file)


def _apply(file: int, event: Event, old_size: int) -> None:
    if isinstance(event, Data):
        _write_at(file, event.data, event.offset)
    elif isinstance(event, Fill):
        end = event.offset + event.length
        if not any(event.pattern):  # beyond the old end the file is a hole: zeros already
            end = min(end, old_size)
        piece = min(event.length, _FILL_PIECE)
        pattern = memoryview(event.pattern * (piece // len(event.pattern)))
        for offset in range(event.offset, end, _FILL_PIECE):
            _write_at(file, pattern[: end - offset], offset)


def _write_at(file: int, view: memoryview, offset: int) -> None:
    while view:
        written = os.pwrite(file, view, offset)
        view = view[written:]
        offset += written
