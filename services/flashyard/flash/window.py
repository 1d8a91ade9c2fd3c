"""A moving, read-only look at an open file: its bytes without copies, in bounded memory.

It does not know what the bytes mean. The file must keep its length while it is looked at.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterator

from flashyard.contract.faults import Code, refuse
from flashyard.flash.source import MIB

# What is mapped counts in the process's RSS once it was touched, for each device being flashed.
# Windows of 4 to 64 MiB and the whole file were measured to be equally fast.
WINDOW = 8 * MIB
VIEW = MIB


class Window:
    """Maps a few MiB of a file at a time, following what is asked for."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._base = 0
        self._mapped = memoryview(b"")

    def views(self, offset: int, length: int) -> Iterator[memoryview]:
        """Yield the bytes ``[offset, offset + length)`` in order, at most 1 MiB at a time.

        A window is unmapped when the last view of it is gone, so hold none longer than needed.
        Raises `image_corrupt` where the file ends before that.
        """
        end = offset + length
        while offset < end:
            if not self._base <= offset < self._base + len(self._mapped):
                self._move(offset)
            start = offset - self._base
            step = min(VIEW, end - offset, len(self._mapped) - start)
            yield self._mapped[start : start + step]
            offset += step

    def close(self) -> None:
        """Let go of the file; views that are still held stay valid."""
        self._mapped = memoryview(b"")

    def _move(self, offset: int) -> None:
        base = offset - offset % mmap.ALLOCATIONGRANULARITY
        size = os.fstat(self._fd).st_size
        if offset >= size:
            raise refuse(
                Code.IMAGE_CORRUPT,
                "The image became shorter while it was read.",
                details=f"{size} bytes are left, byte {offset} was wanted",
            )
        mapped = mmap.mmap(self._fd, min(WINDOW, size - base), prot=mmap.PROT_READ, offset=base)
        mapped.madvise(mmap.MADV_SEQUENTIAL)
        self._base, self._mapped = base, memoryview(mapped)
