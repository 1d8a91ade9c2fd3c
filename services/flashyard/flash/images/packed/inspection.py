"""A compressed image read through once: what is inside, and whether all of it is sound."""

from __future__ import annotations

import io

from flashyard.contract.faults import Code, refuse
from flashyard.flash.images.facts import ImageFacts, Unpacked, plausible
from flashyard.flash.images.packed.blocks import stretches
from flashyard.flash.images.packed.packing import BEGINNING, Packing, packing_of
from flashyard.flash.images.packed.stream import Progress, unpacked
from flashyard.flash.images.sparse import MAGIC_BYTES
from flashyard.flash.images.sparse_reader import SparseReader, content_of
from flashyard.flash.source import Kind


def examine(file: io.FileIO, packing: Packing, progress: Progress | None = None) -> ImageFacts:
    """Read a compressed image through, telling ``progress`` the bytes of the file read so far.

    What ``progress`` raises ends it.

    Raises:
        FaultError: what :func:`unpacked` and the sparse format refuse; `not_supported` where
            what is inside is compressed again.
        OSError: it cannot be read.
    """
    size = file.seek(0, io.SEEK_END)
    pieces = unpacked(file, packing, progress=progress)
    first = next(pieces, None)
    if first is None:
        raise refuse(Code.IMAGE_CORRUPT, "The image is empty.", details=f"unpacked from {packing}")
    beginning = bytes(first[:BEGINNING])
    if again := packing_of(beginning):
        raise refuse(
            Code.NOT_SUPPORTED,
            f"Inside the {packing} file is a {again} file.",
            hint="Use an image that is compressed once.",
        )
    reader = SparseReader() if beginning == MAGIC_BYTES else None
    total = data = content = 0
    while first is not None:
        total += len(first)
        data += sum(stretch.end - stretch.start for stretch in stretches(first))
        content += content_of(reader.feed(first)) if reader else len(first)
        first = next(pieces, None)
    inside = Unpacked(packing, total, data)
    if reader is None:
        return plausible(ImageFacts(Kind.RAW, size, total, total, inside))
    reader.finish()
    expanded = reader.header.expanded_size if reader.header else 0
    return plausible(ImageFacts(Kind.SPARSE, size, expanded, content, inside))
