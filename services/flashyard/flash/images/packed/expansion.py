"""A compressed image written out once, with holes where it is zeros, for all who need it.

What it should be was found out before; anything else is refused, and no more is written.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

from flashyard.contract.faults import Code, refuse
from flashyard.flash.images.facts import Unpacked
from flashyard.flash.images.packed.blocks import stretches
from flashyard.flash.images.packed.stream import damaged, unpacked

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def expand(
    path: Path, into: Path, expected: Unpacked, progress: Callable[[int], None] | None = None
) -> None:
    """Unpack one file into another, telling ``progress`` the bytes of the first read so far.

    What ``progress`` raises ends it. What is written is not made durable: a power cut asks for
    it to be done again.

    Raises:
        FaultError: `disk_full`; `image_corrupt`: not ``expected``; what :func:`unpacked` raises.
        OSError: one of the two cannot be read or written.
    """
    size = data = 0
    with path.open("rb", buffering=0) as packed, into.open("wb", buffering=0) as file:
        try:
            for piece in unpacked(packed, expected.packing, expected.size):
                for start, end in stretches(piece):
                    _write(file.fileno(), piece[start:end], size + start)
                    data += end - start
                size += len(piece)
                if progress is not None:
                    progress(packed.tell())
            file.truncate(size)
        except OSError as error:
            if error.errno not in _NO_ROOM:
                raise
            raise refuse(Code.DISK_FULL, details=error.strerror) from error
    if (size, data) != (expected.size, expected.data):
        raise damaged(expected.packing, f"{size} bytes inside, where {expected.size} were promised")


def _write(fd: int, piece: memoryview, offset: int) -> None:
    while piece:
        written = os.pwrite(fd, piece, offset)
        piece, offset = piece[written:], offset + written
