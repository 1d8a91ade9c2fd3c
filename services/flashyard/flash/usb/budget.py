"""The memory that all USB transfers of a host share, and how much of it each may take.

Source: Linux, `usbcore.usbfs_memory_mb`: 16 MiB over all devices unless told otherwise; beyond it a
transfer fails with ENOMEM.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition

LARGEST = 1 << 20  # bytes of a transfer; more was slower wherever it was measured
FAIR = 256 << 10  # where many share the memory; a quarter of that loses a third of the speed
SMALLEST = 16 << 10  # what every host controller and kernel takes


class Budget:
    """Bytes in flight over all devices.

    ``memory``: what the kernel allows; 0: any number. A quarter is left to others.
    """

    def __init__(self, memory: int) -> None:
        self._limit = max(SMALLEST, memory * 3 // 4) if memory else None
        self._taken = 0
        self._sessions = 0
        self._given_back = Condition()

    @contextmanager
    def session(self) -> Iterator[None]:
        """Count as one that transfers, and so be given a share."""
        with self._given_back:
            self._sessions += 1
        try:
            yield
        finally:
            with self._given_back:
                self._sessions -= 1

    @property
    def share(self) -> int:
        """The most one transfer should take, so that all sessions can transfer at once; bytes."""
        if self._limit is None:
            return LARGEST
        fair = self._limit // max(1, self._sessions)
        fitting = max(FAIR, min(LARGEST, fair)) // SMALLEST * SMALLEST
        return min(fitting, self._limit // SMALLEST * SMALLEST)

    @contextmanager
    def hold(self, size: int, wait: float) -> Iterator[None]:
        """Hold ``size`` bytes, once others have given up as many.

        Raises:
            TimeoutError: they did not within ``wait`` seconds.
        """
        with self._given_back:
            if not self._given_back.wait_for(lambda: self._has_room(size), wait):
                raise TimeoutError("the host's memory for USB transfers is taken")
            self._taken += size
        try:
            yield
        finally:
            with self._given_back:
                self._taken -= size
                self._given_back.notify_all()

    def _has_room(self, size: int) -> bool:
        return self._limit is None or self._taken == 0 or self._taken + size <= self._limit


class TransferSizes:
    """How much each port takes at once, as far as it has been found out."""

    def __init__(self) -> None:
        self._sizes: dict[str, int] = {}

    def of(self, station: str) -> int:
        """Return the largest transfer to try at a port; bytes."""
        return self._sizes.get(station, LARGEST)

    def halve(self, station: str, refused: int) -> bool:
        """Note that a transfer was too large; False: it was the smallest there is."""
        self._sizes[station] = max(SMALLEST, min(self.of(station), refused) // 2)
        return refused > SMALLEST


def until(deadline: float) -> float:
    """Tell how many seconds are left, at least a thousandth: to libusb 0 means for ever."""
    return max(0.001, deadline - time.monotonic())
