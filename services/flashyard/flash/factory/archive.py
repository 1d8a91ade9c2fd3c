"""A bundle's files in a zip, or in the zip inside a vendor's zip: listed once, read as streams.

Names are keys to what is listed and nothing else: no path is ever made of one, and nothing that
is inside is run.
"""

from __future__ import annotations

import errno
import fnmatch
import io
import os
import struct
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path, PurePosixPath

from flashyard.contract.faults import Code, refuse
from flashyard.flash.factory.member import (
    MAX_FILES,
    Members,
    Progress,
    named_twice,
    too_many,
    unreadable,
)
from flashyard.flash.images.packed import zipped
from flashyard.flash.images.packed.packing import Packing
from flashyard.flash.images.packed.stream import MAX_UNPACKED, damaged
from flashyard.flash.images.packed.zipped import ERRORS, admit, pieces_of

_INNER = "image-*.zip"
# PKWARE's APPNOTE.TXT 6.3.10, 4.3.7: of a local file header the signature, and the two lengths
# that stand between it and the data.
_LOCAL_HEADER = struct.Struct("<4s22xHH")
_SIGNATURE = b"PK\x03\x04"


class _Window(io.RawIOBase):
    """A stretch of a file, as a file: a zip that lies uncompressed in another."""

    def __init__(self, file: io.FileIO, start: int, size: int) -> None:
        self._fd = file.fileno()
        self._start = start
        self._size = size
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = base + offset
        return self._at

    def read(self, size: int | None = -1, /) -> bytes:
        left = max(0, self._size - self._at)
        wanted = left if size is None or size < 0 else min(size, left)
        piece = os.pread(self._fd, wanted, self._start + self._at)
        self._at += len(piece)
        return piece


class _Zipped:
    """One file of a zip."""

    def __init__(self, archive: zipfile.ZipFile, about: zipfile.ZipInfo) -> None:
        self.name = PurePosixPath(about.filename).name
        self.size = about.file_size
        self.about = about
        self._archive = archive

    def pieces(self) -> Iterator[bytes]:
        admit(self.about, MAX_UNPACKED)
        try:
            yield from pieces_of(self._archive, self.about)
        except ERRORS as error:
            raise damaged(Packing.ZIP, f"{self.name}: {str(error) or 'it ends early'}") from error
        except OSError as error:
            raise unreadable(self.name, error) from error


@contextmanager
def opened(path: Path, progress: Progress) -> Iterator[Members]:
    """Open a zip; of one that holds an `image-*.zip`, that one's files are among its own.

    ``progress`` is told of so many more bytes unpacked before; what it raises ends it.

    Raises:
        FaultError: `image_corrupt`: it is damaged, or holds a name twice; `invalid_request`: it
            holds too much; what the inner zip raises when it is read.
        OSError: it cannot be read.
    """
    with ExitStack() as held:
        file = held.enter_context(path.open("rb", buffering=0))
        members = _members(held, file)
        inner = fnmatch.filter(members, _INNER)
        if len(inner) > 1:
            raise refuse(
                Code.INVALID_REQUEST,
                "Which of the zips inside is the image is ambiguous.",
                details=", ".join(inner)[:200],
            )
        if inner:
            raw = _inside(held, file, members.pop(inner[0]), progress)
            for name, each in _members(held, raw).items():
                if name in members:
                    raise named_twice(name)
                members[name] = each
        yield members


def _members(held: ExitStack, file: io.RawIOBase) -> dict[str, _Zipped]:
    try:
        archive = held.enter_context(zipped.opened(file))
    except ERRORS as error:
        raise damaged(Packing.ZIP, str(error) or "it ends early") from error
    members: dict[str, _Zipped] = {}
    for about in archive.infolist():
        each = _Zipped(archive, about)
        if about.filename.endswith("/") or not each.name:
            continue
        if each.name in members:
            raise named_twice(each.name)
        if len(members) == MAX_FILES:
            raise too_many()
        members[each.name] = each
    return members


def _inside(held: ExitStack, file: io.FileIO, member: _Zipped, progress: Progress) -> io.RawIOBase:
    """Open the inner zip where it lies; one that is compressed is unpacked into a file first."""
    about = member.about
    if about.compress_type == zipfile.ZIP_STORED:
        admit(about, MAX_UNPACKED)
        at = about.header_offset
        head = os.pread(file.fileno(), _LOCAL_HEADER.size, at) if at >= 0 else b""
        if len(head) < _LOCAL_HEADER.size or not head.startswith(_SIGNATURE):
            raise damaged(Packing.ZIP, f"{member.name}: it has no header")
        _, name_length, extra_length = _LOCAL_HEADER.unpack(head)
        start = at + _LOCAL_HEADER.size + name_length + extra_length
        return _Window(file, start, about.compress_size)
    return held.enter_context(_unpacked(member, progress))


@contextmanager
def _unpacked(member: _Zipped, progress: Progress) -> Iterator[io.RawIOBase]:
    with tempfile.TemporaryFile() as spool:
        try:
            for piece in member.pieces():
                spool.write(piece)
                progress(len(piece))
            spool.flush()
        except OSError as error:
            if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
                raise
            hint = f"The zip inside takes {member.size} bytes in TMPDIR."
            raise refuse(Code.DISK_FULL, details=error.strerror, hint=hint) from error
        yield spool.raw
