"""A role's own directory under the data directory, held by one process at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from flashyard.contract.faults import Code, refuse

LOCK = "lock"


def is_held(directory: Path) -> bool:
    """Does a process of ours work in a directory now? Nothing is made, and nothing stays held."""
    try:
        if not (directory / LOCK).exists():
            return False
        with FileLock(directory / LOCK, timeout=0):
            return False
    except (Timeout, OSError):  # what is another user's may well be in use
        return True


@contextmanager
def held(directories: Iterable[Path]) -> Iterator[None]:
    """Make directories where needed, for their owner alone, and hold them while inside.

    Raises:
        FaultError: `illegal_state`: another process holds one; `invalid_request`: one cannot be.
    """
    with ExitStack() as stack:
        for directory in directories:
            try:
                directory.mkdir(mode=0o700, parents=True, exist_ok=True)
                stack.enter_context(FileLock(directory / LOCK, timeout=0))
            except Timeout as error:
                raise refuse(
                    Code.ILLEGAL_STATE,
                    f"The directory {directory} is in use by another flashyard process.",
                    hint="Stop that one, or give this one another --data-dir.",
                ) from error
            except OSError as error:
                raise refuse(
                    Code.INVALID_REQUEST,
                    f"The directory {directory} cannot be used: {error.strerror}.",
                    hint="Give --data-dir a directory of yours.",
                ) from error
        yield
