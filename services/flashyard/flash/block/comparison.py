"""A disk held against what it should hold: reads ranges past every cache and compares."""

from __future__ import annotations

import mmap

from flashyard.contract.faults import Code, refuse
from flashyard.flash.block.medium import Medium
from flashyard.flash.images.pieces import LONGEST, Piece

_PAGE = 4096


class Comparison:
    """Compares pieces with a medium, through a buffer of its own."""

    def __init__(self, medium: Medium) -> None:
        self._medium = medium
        self._memory = mmap.mmap(-1, LONGEST + 2 * _PAGE)
        self._bytes = memoryview(self._memory)

    def agree(self, piece: Piece) -> int:
        """Read the whole pages a piece lies in; return how many bytes that were.

        Pages, not the disk's blocks: what lies in memory as it lies on the disk is never torn apart
        on the way, and most disks have larger blocks inside than they tell.

        Raises:
            FaultError: `verify_mismatch`, naming the first byte that differs.
        """
        end = min(piece.offset + len(piece.data), self._medium.size)
        first = piece.offset - piece.offset % _PAGE
        last = min(-(-end // _PAGE) * _PAGE, self._medium.size)
        if last <= first:
            return 0
        self._medium.read(first, self._bytes[: last - first])
        found = self._memory[piece.offset - first : end - first]
        wanted = bytes(piece.data[: end - piece.offset])
        if found != wanted:
            at = next(i for i, (a, b) in enumerate(zip(found, wanted, strict=True)) if a != b)
            raise refuse(
                Code.VERIFY_MISMATCH,
                details=f"byte {piece.offset + at} is {found[at]:#04x}, not {wanted[at]:#04x}",
            )
        return last - first
