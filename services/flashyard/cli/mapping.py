"""An image together with its block map: the map found, the bytes checked, and what is sent.

Nothing is sent by it, and nothing is checked twice on the way: what goes out was hashed here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

from flashyard.cli.amounts import size
from flashyard.cli.reading import Advance, Progress, by_steps, read_through
from flashyard.cli.wish import Factory, Wish
from flashyard.client.upload import LocalImage, Pieces, unreadable
from flashyard.contract.faults import Code, refuse
from flashyard.flash.images.bmap import MAX_SIZE, Bmap, parse
from flashyard.flash.images.facts import ImageFacts
from flashyard.flash.images.mapped import MappedImage

_SUFFIX = ".bmap"


class Mapped(NamedTuple):
    """What is sent for the image, and what that is on a device."""

    image: LocalImage
    facts: ImageFacts


def judge_map(wish: Wish) -> None:
    """Raise `invalid_request` for a map that is named, and of which it is not clear what it is."""
    if wish.bmap is None:
        return
    if wish.no_bmap or wish.as_is:
        raise refuse(Code.INVALID_REQUEST, "--bmap goes with neither --no-bmap nor --as-is.")
    if isinstance(wish.what, Factory) or len(wish.what) > 1:
        raise refuse(
            Code.INVALID_REQUEST,
            "--bmap names the block map of a single image.",
            hint="The map of one of several is found beside it: IMAGE.bmap.",
        )


def choose_map(image: Path, wish: Wish) -> Path | None:
    """Choose an image's map: the one that is named, else the one beside it, else none."""
    if wish.no_bmap or wish.as_is:
        return None
    return wish.bmap or next((path for path in _beside(image) if path.is_file()), None)


async def check(path: Path, map_path: Path, advance: Advance) -> Mapped:
    """Hold an image to its map, and hash what is to be sent of it.

    ``advance`` is told of so many more bytes of the image.

    Raises:
        FaultError: `image_corrupt`: one of the two is damaged, or they do not belong together;
            `invalid_request`: one of them cannot be read; what :class:`MappedImage` raises.
    """
    image = MappedImage(path, _parsed(map_path))
    digest = await read_through(lambda more: _digest(image, by_steps(more)), advance)
    facts = image.facts
    return Mapped(LocalImage(path.name, facts.size, digest, partial(_pieces, image)), facts)


def covered(facts: ImageFacts) -> str:
    """Say how much of an image its map covers."""
    return f"{size(facts.content_size)} of {size(facts.expanded_size)}"


def _parsed(path: Path) -> Bmap:
    try:
        with path.open("rb") as file:
            return parse(file.read(MAX_SIZE + 1))
    except OSError as error:
        raise unreadable(f"The block map {path}", error) from error


def _digest(image: MappedImage, progress: Progress) -> str:
    digest = hashlib.sha256()
    for piece in _pieces(image, progress):
        digest.update(piece)
    return digest.hexdigest()


def _pieces(image: MappedImage, progress: Progress | None = None) -> Pieces:
    try:
        yield from image.pieces(progress)
    except OSError as error:
        raise unreadable(f"The image {image.path}", error) from error


def _beside(image: Path) -> Iterator[Path]:
    """List the names a map may have, as bmaptool looks for them: `a.raw.xz.bmap` to `a.bmap`."""
    while True:
        yield image.with_name(image.name + _SUFFIX)
        if not image.suffix:
            return
        image = image.with_suffix("")
