"""What an image file is, in numbers. Found out by `image` and `packed`; nothing is opened here."""

from __future__ import annotations

from typing import NamedTuple

from flashyard.contract.faults import Code, refuse
from flashyard.flash.images.packed.packing import Packing
from flashyard.flash.source import Kind

# No device has so much room, and 32 bits of blocks of 4 KiB count no more.
MAX_EXPANDED = 1 << 44


class Unpacked(NamedTuple):
    """The file inside a compressed one: its bytes, and those in 4 KiB blocks not all zeros."""

    packing: Packing
    size: int
    data: int


class ImageFacts(NamedTuple):
    """What an image file is, in bytes.

    ``size`` of the file; ``expanded_size`` of the device's area it spans; ``content_size`` that
    it writes there: without what a sparse image leaves alone. ``kind`` and these two are of the
    file inside where it is compressed, and ``unpacked`` is None where it is not.
    """

    kind: Kind
    size: int
    expanded_size: int
    content_size: int
    unpacked: Unpacked | None = None


def plausible(facts: ImageFacts) -> ImageFacts:
    """Give them back; raises `image_too_large` where no device could have the room."""
    if facts.expanded_size > MAX_EXPANDED:
        raise refuse(
            Code.IMAGE_TOO_LARGE,
            "The image describes more than any device holds.",
            hint="It is damaged, or made to do harm: use the image made for this product.",
            details=f"{facts.expanded_size} bytes, of {facts.size} in the file",
        )
    return facts
