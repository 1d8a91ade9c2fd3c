"""A disk opened past the page cache, and for nobody else: reads, writes, and what breaks them.

It knows offsets and aligned buffers, not images. Offsets and lengths are bytes.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol, Self

from flashyard.contract.faults import Code, FaultError, refuse

# linux/fs.h. The block size decides where direct transfers may begin and end.
_BLKSSZGET = 0x1268
_SMALLEST = 512
_LARGEST = 4096  # a memory page: what the buffers are aligned to
_CLOSED = -1
_GONE = {errno.ENODEV, errno.ENXIO, errno.ENOMEDIUM}


class Medium(Protocol):
    """Something with blocks. Every call raises FaultError, after which it is only to be closed."""

    @property
    def number(self) -> str:
        """The `major:minor` of what is open."""

    @property
    def size(self) -> int:
        """Bytes it holds, a multiple of the alignment."""

    @property
    def alignment(self) -> int:
        """What offsets, lengths and memory of every transfer are multiples of."""

    def write(self, offset: int, data: memoryview) -> None:
        """Write all of it."""

    def read(self, offset: int, into: memoryview) -> None:
        """Read from the medium itself until the buffer is full."""

    def sync(self) -> None:
        """Return once everything written is on the medium."""

    def close(self) -> None:
        """Let go of it; never raises."""


class DiskMedium:
    """A block device, or a file that stands for one; raises what :meth:`open` says."""

    def __init__(self, fd: int, size: int, alignment: int, *, direct: bool) -> None:
        self._fd = fd
        self._size = size
        self._alignment = alignment
        self._direct = direct

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open with O_DIRECT and O_EXCL: nobody else may have it, nothing of it be mounted.

        A file on a filesystem without direct transfers is told to forget what it caches instead.

        Raises:
            FaultError: `disk_in_use`, `disk_read_only`, `usb_unplugged`, `not_allowed`.
        """
        try:
            fd, direct = _open(path)
            try:
                alignment = _alignment(fd)
                size = os.lseek(fd, 0, os.SEEK_END)
            except BaseException:
                os.close(fd)
                raise
        except OSError as error:
            raise _fault(error) from error
        return cls(fd, size - size % alignment, alignment, direct=direct)

    @property
    def size(self) -> int:
        """Bytes it holds, in whole blocks."""
        return self._size

    @property
    def alignment(self) -> int:
        """Its logical block size."""
        return self._alignment

    @property
    def number(self) -> str:
        """The `major:minor` of what is really open."""
        told = os.fstat(self._fd).st_rdev
        return f"{os.major(told)}:{os.minor(told)}"

    def write(self, offset: int, data: memoryview) -> None:
        """Write all of it."""
        with self._told():
            while data:
                done = os.pwritev(self._fd, [data], offset)
                offset, data = offset + done, data[done:]

    def read(self, offset: int, into: memoryview) -> None:
        """Read until the buffer is full."""
        with self._told():
            if not self._direct:
                os.posix_fadvise(self._fd, offset, len(into), os.POSIX_FADV_DONTNEED)
            while into:
                done = os.preadv(self._fd, [into], offset)
                if done == 0:
                    raise _gone(f"nothing to read at byte {offset}")
                offset, into = offset + done, into[done:]

    def sync(self) -> None:
        """Flush the drive's own cache, too."""
        with self._told():
            os.fsync(self._fd)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turn the kernel's words into ours; what is pulled out has no size any more."""
        try:
            yield
        except OSError as error:
            try:
                is_gone = os.lseek(self._fd, 0, os.SEEK_END) < self._size
            except OSError:
                is_gone = True
            raise _gone(error.strerror) if is_gone else _fault(error) from error

    def close(self) -> None:
        """Close it; what the kernel says then was said by :meth:`sync`, or no longer matters."""
        fd, self._fd = self._fd, _CLOSED
        if fd != _CLOSED:
            with suppress(OSError):
                os.close(fd)


def _open(path: Path) -> tuple[int, bool]:
    flags = os.O_RDWR | os.O_EXCL | os.O_CLOEXEC
    try:
        return os.open(path, flags | os.O_DIRECT), True
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
    return os.open(path, flags), False


def _gone(details: str | None) -> FaultError:
    return refuse(Code.USB_UNPLUGGED, "The disk was unplugged.", details=details)


def _alignment(fd: int) -> int:
    if not stat.S_ISBLK(os.fstat(fd).st_mode):
        return _LARGEST
    (size,) = struct.unpack("i", fcntl.ioctl(fd, _BLKSSZGET, bytes(4)))
    return min(max(int(size), _SMALLEST), _LARGEST)


def _fault(error: OSError) -> FaultError:
    details = error.strerror
    if error.errno == errno.EBUSY:
        return refuse(Code.DISK_IN_USE, details=details)
    if error.errno in {errno.EROFS, errno.EPERM}:
        return refuse(Code.DISK_READ_ONLY, details=details)
    if error.errno == errno.EACCES:
        hint = "Let the hub's user write it: a udev rule, or the group `disk`."
        return refuse(Code.NOT_ALLOWED, "The hub may not open the disk.", hint=hint)
    if error.errno in _GONE or error.errno == errno.ENOENT:
        return _gone(details)
    if error.errno == errno.ENOSPC:
        return refuse(Code.IMAGE_TOO_LARGE, "The image is larger than the disk.", details=details)
    return refuse(
        Code.DEVICE_REFUSED,
        "The disk failed.",
        hint="Try another medium and another port.",
        details=details,
    )
