"""A moving, read-only look at an open file: its bytes without copies, in bounded memory.

It does not know what the bytes mean. The file must keep its length while it is looked at.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterator
from threading import Lock
from weakref import WeakValueDictionary

from flashyard.contract.faults import Code, refuse
from flashyard.flash.source import MIB

# What is mapped counts in the process's RSS once it was touched, for each device being flashed that
# is at another place. Windows of 1 to 64 MiB and the whole file were measured to be equally fast.
WINDOW = 2 * MIB
VIEW = MIB


class Panes:
    """A file's stretches of 2 MiB, mapped once for all who look at them at the same time.

    For any number of threads; a pane goes when nobody looks at it any more.
    """

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._mapped: WeakValueDictionary[int, mmap.mmap] = WeakValueDictionary()
        self._lock = Lock()

    def at(self, offset: int) -> tuple[int, memoryview]:
        """Give the pane that holds a byte, and where it begins.

        Raises:
            FaultError: `image_corrupt`: the file ends before that.
        """
        base = offset - offset % WINDOW
        with self._lock:
            mapped = self._mapped.get(base)
            if mapped is None or len(mapped) <= offset - base:
                mapped = self._mapped[base] = self._map(base, offset)
        return base, memoryview(mapped)

    def _map(self, base: int, wanted: int) -> mmap.mmap:
        size = os.fstat(self._fd).st_size
        if wanted >= size:
            raise refuse(
                Code.IMAGE_CORRUPT,
                "The image became shorter while it was read.",
                details=f"{size} bytes are left, byte {wanted} was wanted",
            )
        mapped = mmap.mmap(self._fd, min(WINDOW, size - base), prot=mmap.PROT_READ, offset=base)
        mapped.madvise(mmap.MADV_SEQUENTIAL)
        return mapped


class Window:
    """One reader's look through the panes, for one thread at a time."""

    def __init__(self, panes: Panes) -> None:
        self._panes = panes
        self._base = 0
        self._pane = memoryview(b"")

    def views(self, offset: int, length: int) -> Iterator[memoryview]:
        """Yield the bytes ``[offset, offset + length)`` in order, at most 1 MiB at a time.

        A pane is unmapped when the last view of it is gone, so hold none longer than needed.

        Raises:
            FaultError: `image_corrupt`: the file ends before that.
        """
        end = offset + length
        while offset < end:
            if not self._base <= offset < self._base + len(self._pane):
                self._base, self._pane = self._panes.at(offset)
            start = offset - self._base
            step = min(VIEW, end - offset, len(self._pane) - start)
            yield self._pane[start : start + step]
            offset += step
