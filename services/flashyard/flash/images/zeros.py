"""Which blocks of a raw file hold nothing but zeros: looked at once, for everybody who asks.

It knows no image and no device.
"""

from __future__ import annotations

import os
from threading import Lock

from flashyard.contract.faults import Code, refuse
from flashyard.flash.source import MIB

_AHEAD = 16  # steps that the disk is to be ahead of us


class Zeros:
    """The blocks of a file of ``size`` bytes, told in steps of at most 1 MiB; for any thread.

    A step is read when it is first asked for, and not mapped: a look may go far ahead of what is
    sent, and a read costs no page faults. It remembers a byte for each block.
    """

    def __init__(self, fd: int, size: int, block_size: int) -> None:
        self.size = size
        self.block_size = block_size
        self.step_size = max(block_size, MIB - MIB % block_size)
        self._fd = fd
        self._told: list[bytes | None] = [None] * -(-size // self.step_size)
        self._alike = [bytes([flag]) * (self.step_size // block_size) for flag in (0, 1)]
        self._lock = Lock()

    def __len__(self) -> int:
        """Count the steps."""
        return len(self._told)

    def step(self, number: int) -> bytes:
        """Tell of each block of a step whether it is empty (1) or not (0).

        The last block may be shorter than the others.

        Raises:
            FaultError: `image_corrupt`: the file became shorter.
        """
        told = self._told[number]
        if told is None:
            with self._lock:
                told = self._told[number] or self._look(number)
                self._told[number] = told
        return told

    def _look(self, number: int) -> bytes:
        origin = number * self.step_size
        length = min(self.step_size, self.size - origin)
        if number % _AHEAD == 0:
            size = 2 * _AHEAD * self.step_size
            os.posix_fadvise(self._fd, origin, size, os.POSIX_FADV_WILLNEED)
        buffer = bytearray(-(-length // self.block_size) * self.block_size)
        if os.preadv(self._fd, [memoryview(buffer)[:length]], origin) != length:
            raise refuse(Code.IMAGE_CORRUPT, "The image became shorter while it was read.")
        empty = bytes(self.block_size)
        starts = range(0, len(buffer), self.block_size)
        flags = bytes([buffer.startswith(empty, at) for at in starts])
        # Nearly all steps are all data or all zeros: those take up no room of their own.
        return next((alike for alike in self._alike if alike == flags), flags)
