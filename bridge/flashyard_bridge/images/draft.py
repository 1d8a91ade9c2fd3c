"""A file that is not finished: written beside where it will be, and locked while it grows.

By the lock whoever shares the folder can tell it from a leftover of a process that is no more.
"""

from __future__ import annotations

import errno
import fcntl
import io
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flashyard.contract.faults import Code, refuse

_SUFFIX = ".part"


def draft_in(folder: Path) -> Path:
    """Make up a name for a draft."""
    return folder / f"{secrets.token_hex(8)}{_SUFFIX}"


def create(path: Path, mode: int = 0o644) -> io.FileIO:
    """Create a draft and lock it until it is closed. Blocks.

    Raises:
        OSError: it cannot be.
    """
    while True:
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        file = io.FileIO(os.open(path, flags, mode), "r+b")
        fcntl.flock(file, fcntl.LOCK_EX)
        if os.fstat(file.fileno()).st_nlink:
            return file
        file.close()  # it was swept away between the two calls


def write_whole(path: Path, content: bytes, mode: int = 0o644, *, replace: bool = True) -> None:
    """Write a small file so that nobody ever reads half of it. Blocks.

    Args:
        path: of the file.
        content: all of it.
        mode: its permissions.
        replace: whether it takes the place of a file that is there already.

    Raises:
        FaultError: `disk_full`.
        OSError: it cannot be written.
    """
    draft = draft_in(path.parent)
    try:
        with disk_faults(), create(draft, mode) as file:
            file.write(content)
            os.fsync(file.fileno())
            if replace:
                draft.rename(path)
            elif not path.exists():
                _name_once(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def _name_once(draft: Path, path: Path) -> None:
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        return  # another was first: its file is as good


def sweep(folder: Path) -> None:
    """Remove the drafts that nobody writes any more. Blocks."""
    for path in folder.glob(f"*{_SUFFIX}"):
        try:
            with path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink(missing_ok=True)
        except (FileNotFoundError, BlockingIOError):
            continue  # it was finished, or it grows still


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable. Blocks."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def disk_faults() -> Iterator[None]:
    """Tell a full disk as the fault it is."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
            raise refuse(Code.DISK_FULL, details=error.strerror) from error
        raise
