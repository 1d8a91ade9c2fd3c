"""One MiB of a disk as it is gathered in memory, to be written in one go and whole blocks.

It remembers which bytes it was given: of blocks given in part, the disk keeps the rest.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator

from flashyard.flash.block.medium import Medium
from flashyard.flash.source import MIB

SIZE = MIB


class Cell:
    """The bytes ``[base, base + 1 MiB)`` of a disk, as far as they were given.

    Attributes:
        base: where it begins; a multiple of 1 MiB.
        content: content bytes given and not yet accounted for.
    """

    def __init__(self, base: int = 0) -> None:
        self.base = base
        self.content = 0
        self._memory = mmap.mmap(-1, SIZE)  # direct transfers want whole pages
        self._bytes = memoryview(self._memory)
        self._ranges: list[tuple[int, int]] = []  # given, in order, never touching each other

    def put(self, offset: int, data: memoryview, content: int) -> None:
        """Take bytes that lie within the cell and behind those it was given before."""
        start = offset - self.base
        end = start + len(data)
        self._bytes[start:end] = data
        self.content += content
        if self._ranges and self._ranges[-1][1] == start:
            start = self._ranges.pop()[0]
        self._ranges.append((start, end))

    def write_to(self, medium: Medium) -> int:
        """Write what it was given, and return how many bytes that took."""
        written = 0
        for span in self._spans(medium):
            start, end = span
            medium.write(self.base + start, self._bytes[start:end])
            written += end - start
        return written

    def clear(self, base: int) -> None:
        """Begin anew elsewhere."""
        self.base = base
        self.content = 0
        self._ranges.clear()

    def _spans(self, medium: Medium) -> Iterator[tuple[int, int]]:
        """Yield whole blocks in a row, what was not given in them read from the disk."""
        block = medium.alignment
        start = end = 0  # of the span so far, in whole blocks
        filled = 0  # up to where it is complete
        for first, last in self._ranges:
            hull = first - first % block
            if hull >= end:
                if end:
                    self._complete(medium, filled, end)
                    yield start, end
                start = filled = hull
            self._complete(medium, filled, first)
            filled, end = last, -(-last // block) * block
        if end:
            self._complete(medium, filled, end)
            yield start, end

    def _complete(self, medium: Medium, start: int, end: int) -> None:
        """Read the bytes between two ranges from the disk."""
        if start == end:
            return
        block = medium.alignment
        first, last = start - start % block, -(-end // block) * block
        with mmap.mmap(-1, last - first) as memory:
            view = memoryview(memory)
            try:
                medium.read(self.base + first, view)
                self._bytes[start:end] = view[start - first : end - first]
            finally:
                view.release()
