"""Bytes on their way to a disk: written cell by cell as they come, the first MiB last of all.

An empty disk without its first MiB has no partition table: what breaks off is nothing one could
start. One that held something keeps that table until the end, and no longer what it leads to.
"""

from __future__ import annotations

from collections.abc import Iterator

from flashyard.contract.faults import Code, refuse
from flashyard.flash.block.cell import SIZE, Cell
from flashyard.flash.block.medium import Medium
from flashyard.flash.images.pieces import Piece
from flashyard.flash.target import Taken


class Headless:
    """Writes to a medium whose head it keeps back until :meth:`finish`."""

    def __init__(self, medium: Medium) -> None:
        self._medium = medium
        self._head = Cell()
        self._body = Cell(SIZE)

    def put(self, piece: Piece) -> Iterator[Taken]:
        """Take the next piece; yield what has been written by that.

        Raises:
            FaultError: `image_too_large` where more than padding goes beyond the disk's end.
        """
        offset, content = piece.offset, piece.content
        data = self._within(piece)
        while data:
            cell = self._head if offset < SIZE else self._body
            if not cell.base <= offset < cell.base + SIZE:
                yield from self.flush()
                cell.clear(offset - offset % SIZE)
            step = min(len(data), cell.base + SIZE - offset)
            counted = min(step, content)
            cell.put(offset, data[:step], counted)
            offset, data, content = offset + step, data[step:], content - counted

    def remember(self, piece: Piece) -> bool:
        """Keep the head's share of a piece that was counted before; False: it has none."""
        if piece.offset >= SIZE:
            return False
        self._head.put(piece.offset, piece.data[: SIZE - piece.offset], 0)
        return True

    def flush(self) -> Iterator[Taken]:
        """Write what is gathered, but for the head; yield that it was."""
        content = self._body.content + self._head.content
        self._head.content = 0
        written = self._body.write_to(self._medium)
        self._body.clear(self._body.base)
        if written or content:
            yield Taken(written, content)

    def finish(self) -> None:
        """See the rest safe on the medium, and only then write the head, and see that safe."""
        self._medium.sync()
        self._head.write_to(self._medium)
        self._head.clear(0)
        self._medium.sync()

    def _within(self, piece: Piece) -> memoryview:
        """Leave out the padding of an image's last block where the disk ends within it."""
        room = max(0, self._medium.size - piece.offset)
        if len(piece.data) <= room:
            return piece.data
        if piece.content > room:
            raise refuse(
                Code.IMAGE_TOO_LARGE,
                "The image is larger than the disk.",
                details=f"byte {piece.offset + piece.content} of {self._medium.size}",
            )
        return piece.data[:room]
