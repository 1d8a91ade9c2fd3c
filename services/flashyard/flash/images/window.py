"""A moving, read-only look at an open file: its bytes without copies, in bounded memory.

It does not know what the bytes mean. The file must keep its length while it is looked at.
"""

from __future__ import annotations

import errno
import mmap
import os
from collections.abc import Callable, Iterator
from threading import Lock
from weakref import WeakValueDictionary

from flashyard.contract.faults import Code, FaultError, refuse
from flashyard.flash.source import MIB

# What is mapped counts in the process's RSS once it was touched, for each device being flashed that
# is at another place. Panes of 64 MiB and the whole file were measured to be no faster, and those
# of 1 MiB to cost a quarter more CPU time: unmapping stops all cores for a moment.
LARGEST = 16 * MIB
_MADV_POPULATE_READ = 22


def largest() -> int:
    """Tell how much to map at a time where nothing else is mapped."""
    return LARGEST


class Panes:
    """Stretches of a file, mapped once for all who look at them at the same time.

    For any number of threads; a pane goes when nobody looks at it any more. ``size`` tells how
    large the next one is to be: a power of 2, at least 64 KiB. Where a larger one is mapped, that
    is looked through.
    """

    def __init__(self, fd: int, size: Callable[[], int] = largest) -> None:
        self._fd = fd
        self._size = size
        self._mapped: WeakValueDictionary[tuple[int, int], mmap.mmap] = WeakValueDictionary()
        self._lock = Lock()

    def at(self, offset: int) -> tuple[int, memoryview]:
        """Give the pane that holds a byte, and where it begins.

        Raises:
            FaultError: `image_corrupt`: the file ends before that, or cannot be read there.
        """
        size = self._size()
        with self._lock:
            for (base, _), mapped in self._mapped.items():
                if base <= offset < base + len(mapped):
                    return base, memoryview(mapped)
            base = offset - offset % size
            mapped = self._mapped[base, size] = self._map(base, size, offset)
        return base, memoryview(mapped)

    @property
    def mapped(self) -> int:
        """The bytes that are mapped now, as far as can be told without waiting for anybody."""
        panes = [pane() for pane in self._mapped.valuerefs()]
        return sum(len(pane) for pane in panes if pane is not None)

    def _map(self, base: int, size: int, wanted: int) -> mmap.mmap:
        end = os.fstat(self._fd).st_size
        if wanted >= end:
            raise refuse(
                Code.IMAGE_CORRUPT,
                "The image became shorter while it was read.",
                details=f"{end} bytes are left, byte {wanted} was wanted",
            )
        # Faults alone have a disk read in small pieces: more than twice as slow, at thrice the CPU.
        os.posix_fadvise(self._fd, base, 2 * size, os.POSIX_FADV_WILLNEED)
        mapped = mmap.mmap(self._fd, min(size, end - base), prot=mmap.PROT_READ, offset=base)
        mapped.madvise(mmap.MADV_SEQUENTIAL)
        populate(mapped)
        return mapped


def populate(mapped: mmap.mmap) -> None:
    """Have it all read now: what cannot be is a fault here, and the end of the process later.

    Source: madvise(2), MADV_POPULATE_READ, since Linux 5.14; older ones take the risk.

    Raises:
        FaultError: `image_corrupt`: the disk cannot read it, or the file became shorter.
    """
    try:
        mapped.madvise(_MADV_POPULATE_READ)
    except OSError as error:
        if error.errno == errno.EFAULT:
            raise unreadable() from error


def unreadable(details: str | None = None) -> FaultError:
    """Make the refusal of an image that was there and cannot be read any more."""
    return refuse(
        Code.IMAGE_CORRUPT,
        "The hub cannot read the image it keeps.",
        hint="Check the hub's disk, and what is in its data directory, then retry.",
        details=details,
    )


class Window:
    """One reader's look through the panes, for one thread at a time."""

    def __init__(self, panes: Panes) -> None:
        self._panes = panes
        self._base = 0
        self._pane = memoryview(b"")

    def views(self, offset: int, length: int) -> Iterator[memoryview]:
        """Yield the bytes ``[offset, offset + length)`` in order, at most a pane at a time.

        A pane is unmapped when the last view of it is gone, so hold none longer than needed.

        Raises:
            FaultError: `image_corrupt`: the file ends before that.
        """
        end = offset + length
        while offset < end:
            if not self._base <= offset < self._base + len(self._pane):
                self._base, self._pane = self._panes.at(offset)
            start = offset - self._base
            step = min(end - offset, len(self._pane) - start)
            yield self._pane[start : start + step]
            offset += step
