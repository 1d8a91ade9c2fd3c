"""A file of a bundle read through once: its digest, and what it is to a device."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from flashyard.contract.faults import Code, refuse
from flashyard.flash.factory.member import Member, Progress
from flashyard.flash.images.facts import ImageFacts, plausible
from flashyard.flash.images.sparse import MAGIC_BYTES
from flashyard.flash.images.sparse_reader import SparseReader, content_of
from flashyard.flash.source import Kind


class Measured(NamedTuple):
    """``sha256`` in hex. The facts are of the bytes as they are, unpacked or not."""

    sha256: str
    facts: ImageFacts


def measure(member: Member, progress: Progress) -> Measured:
    """Read a file through.

    Raises:
        FaultError: `image_corrupt`: it is empty, cut off, or breaks its format's rules;
            `image_too_large`; what :meth:`Member.pieces` raises.
    """
    digest = hashlib.sha256()
    size = content = 0
    reader: SparseReader | None = None
    for piece in member.pieces():
        if size == 0 and piece.startswith(MAGIC_BYTES):
            reader = SparseReader()
        digest.update(piece)
        size += len(piece)
        content += len(piece) if reader is None else content_of(reader.feed(memoryview(piece)))
        progress(len(piece))
    if size == 0:
        raise refuse(Code.IMAGE_CORRUPT, f"The image {member.name} is empty.")
    if reader is None:
        return Measured(digest.hexdigest(), ImageFacts(Kind.RAW, size, size, size))
    reader.finish()
    expanded = reader.header.expanded_size if reader.header else 0
    facts = plausible(ImageFacts(Kind.SPARSE, size, expanded, content))
    return Measured(digest.hexdigest(), facts)
