"""A directory claimed by one process: two hubs with one journal would each write to each device.

The claim goes with the process, however that ends; nothing is left behind that is to be cleared.
"""

from __future__ import annotations

import fcntl
import logging
import os
from pathlib import Path

from flashyard.contract.faults import Code, refuse

_log = logging.getLogger(__name__)


class Claim:
    """On a directory, from :meth:`take` to :meth:`release`."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._held: int | None = None

    def take(self) -> None:
        """Be the only one there; the directory is made if need be.

        Raises:
            FaultError: `invalid_request`: somebody else is there.
            OSError: the directory cannot be used.
        """
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        held = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(held)
            raise refuse(
                Code.INVALID_REQUEST,
                f"Another hub runs with the directory {self._directory}.",
                hint="Stop that one, or give this one another --data-dir.",
            ) from None
        except OSError as error:  # not every network's file system has such locks
            _log.warning("%s cannot be claimed (%s)", self._directory, error.strerror)
        self._held = held

    def release(self) -> None:
        """Let others in."""
        if self._held is not None:
            os.close(self._held)
        self._held = None
