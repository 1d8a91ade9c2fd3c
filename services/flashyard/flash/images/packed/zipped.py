"""The files inside a zip, read as streams; where one is meant and several are there, none is.

Its directory, its sizes and its checksums are held to what may be and to what is claimed.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator

from flashyard.contract.faults import Code, refuse
from flashyard.flash.source import MIB


class _OutsideError(OSError):
    """A place before the file's beginning or behind its end; `zipfile` lives with it at times."""


# Everything `zipfile` was seen to raise for bytes that are no zip.
ERRORS = (
    _OutsideError,
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    ValueError,
    OverflowError,
    IndexError,
    NotImplementedError,
)
_ENCRYPTED = 1 << 0
_UNDONE = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_MAX_READ = MIB  # of the directory, which is read whole: 20,000 entries


class _Bounded(io.RawIOBase):
    """The file as `zipfile` may see it: no read is larger than a directory of ours may be."""

    def __init__(self, file: io.RawIOBase) -> None:
        self._file = file
        self._size = file.seek(0, io.SEEK_END)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._file.tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._file.tell(), io.SEEK_END: self._size}[whence]
        if not 0 <= base + offset <= self._size:
            raise _OutsideError(f"byte {base + offset} of {self._size} is asked for")
        return self._file.seek(base + offset)

    def read(self, size: int | None = -1, /) -> bytes:
        left = self._size - self._file.tell()
        wanted = left if size is None or size < 0 else min(size, left)
        if wanted > _MAX_READ:
            raise ValueError(f"a directory of {wanted} bytes")
        return self._file.read(wanted) or b""


def opened(file: io.RawIOBase) -> zipfile.ZipFile:
    """Open a zip whose directory is of a size that may be; the file stays the caller's to close.

    Raises:
        Exception: one of ERRORS: it is damaged, or none.
    """
    return zipfile.ZipFile(_Bounded(file))


def member(file: io.FileIO, limit: int) -> Iterator[bytes]:
    """Yield the one file's bytes in pieces; its CRC-32 and its size are held to what is claimed.

    Raises:
        FaultError: `invalid_request`: none or several; `not_supported`: encrypted, or another
            compression than deflate; `image_too_large`: it claims to be over ``limit`` bytes;
            `image_corrupt`.
        Exception: one of ERRORS: it is damaged.
    """
    with opened(file) as archive:
        yield from pieces_of(archive, _only(archive, limit))


def pieces_of(archive: zipfile.ZipFile, about: zipfile.ZipInfo) -> Iterator[bytes]:
    """Yield a file's bytes, at most 1 MiB at a time, and never more than it claims to have.

    Raises:
        Exception: one of ERRORS: it is damaged.
    """
    done = 0
    with archive.open(about) as inside:
        while piece := inside.read(MIB):
            done += len(piece)
            yield piece
    if done != about.file_size:
        raise zipfile.BadZipFile(f"{done} bytes where {about.file_size} are claimed")


def _only(archive: zipfile.ZipFile, limit: int) -> zipfile.ZipInfo:
    files = [each for each in archive.infolist() if not each.is_dir()]
    if len(files) != 1:
        raise refuse(
            Code.INVALID_REQUEST,
            "Which file of the zip is the image is ambiguous.",
            hint="Use a zip of exactly one image, or unpack it and name the image.",
            details=f"it holds {len(files)} files",
        )
    admit(files[0], limit)
    return files[0]


def admit(about: zipfile.ZipInfo, limit: int) -> None:
    """Refuse what cannot be read, or claims to be larger than ``limit`` bytes.

    Raises:
        FaultError: `not_supported`, `image_too_large`.
    """
    if about.flag_bits & _ENCRYPTED:
        raise refuse(
            Code.NOT_SUPPORTED, "The zip is encrypted.", hint="Unpack it, and use the image inside."
        )
    if about.compress_type not in _UNDONE:
        raise refuse(
            Code.NOT_SUPPORTED,
            "The zip is compressed in an unusual way.",
            hint="Unpack it, and use the image inside.",
            details=f"method {about.compress_type}; only deflate is known",
        )
    if about.file_size > limit:
        raise refuse(
            Code.IMAGE_TOO_LARGE,
            "The file inside the zip is larger than any image may be.",
            details=f"{about.file_size} bytes; at most {limit}",
        )
