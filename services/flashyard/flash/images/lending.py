"""Images lent to all who write them at the same time: opened, examined and scanned once.

It waits for nobody: each reads at a pace of its own, and the last one who is done closes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Lock
from typing import NamedTuple

from flashyard.flash.images.image import Image
from flashyard.flash.images.window import LARGEST
from flashyard.flash.source import MIB

ROOM = 32 * MIB  # to be mapped over all who write
SMALLEST = MIB // 4


class _File(NamedTuple):
    """What tells that a path still leads to the same bytes."""

    device: int
    inode: int
    modified: int
    size: int


class _Loan:
    def __init__(self) -> None:
        self.users = 0
        self.opening = Lock()
        self.opened = ExitStack()
        self.image: Image | None = None


class Lending:
    """The images that are open; for any number of threads.

    However many write, and wherever in their images they are, what is mapped for them is bounded.
    """

    def __init__(self) -> None:
        self._loans: dict[_File, _Loan] = {}
        self._users = 0
        self._lock = Lock()

    def pane(self) -> int:
        """Tell how much to map next: a fair share, if all are at places of their own; a power of 2.

        Those who came first, when shares were larger, and whoever is between two panes may hold
        more than that: it is taken from what is left.
        """
        with self._lock:
            images = [loan.image for loan in self._loans.values() if loan.image is not None]
            fair = ROOM // max(1, self._users)
        left = ROOM - sum(image.mapped for image in images)
        share = min(max(SMALLEST, min(fair, left)), LARGEST)
        return 1 << share.bit_length() - 1

    @contextmanager
    def lent(self, path: Path) -> Iterator[Image]:
        """Have an image open, together with whoever else has it open.

        Raises:
            FaultError: `image_corrupt`.
            OSError: it cannot be read.
        """
        about = path.stat()
        file = _File(about.st_dev, about.st_ino, about.st_mtime_ns, about.st_size)
        with self._lock:
            loan = self._loans.setdefault(file, _Loan())
            loan.users += 1
            self._users += 1
        try:
            with loan.opening:
                if loan.image is None:
                    loan.image = loan.opened.enter_context(Image(path, self.pane))
            yield loan.image
        finally:
            with self._lock:
                loan.users -= 1
                self._users -= 1
                if is_last := not loan.users:
                    del self._loans[file]
            if is_last:
                loan.opened.close()
