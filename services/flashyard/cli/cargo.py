"""What goes to each device: images with their places in it, in order, and what is asked first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from flashyard.client.upload import LocalImage
from flashyard.contract.plans import PlannedStep, Requirement
from flashyard.contract.records import Device
from flashyard.flash.images.facts import ImageFacts


class Piece(NamedTuple):
    """An image and where it goes.

    ``step`` says how; ``unpack``: what is inside it is meant; ``bmap``: the block map that says
    what of the file is in the image.
    """

    step: PlannedStep
    image: LocalImage
    facts: ImageFacts
    unpack: bool
    bmap: Path | None = None

    @property
    def partition(self) -> str:
        """Where it goes."""
        return self.step.partition


@dataclass(frozen=True, slots=True, kw_only=True)
class Cargo:
    """``name``: what it is called as a whole; ``order`` and ``notes``: of a factory image."""

    name: str
    pieces: tuple[Piece, ...]
    requirements: tuple[Requirement, ...] = ()
    order: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def is_plain(self) -> bool:
        """Is it but one image for one partition?"""
        return self.order is None and len(self.pieces) == 1

    def pieces_for(self, device: Device) -> tuple[Piece, ...]:
        """Leave out what is for another slot where the device has none."""
        return tuple(piece for piece in self.pieces if device.slots or piece.step.slot is None)

    def images(self) -> Iterator[Piece]:
        """Yield each image once."""
        yield from {piece.image.sha256: piece for piece in self.pieces}.values()
