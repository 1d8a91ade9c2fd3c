"""A block map: which blocks of a raw image have to be written, and what they must hash to.

It reads the XML of bmap-tools (bmap file format 2.0, as its `BmapCreate` writes it) and trusts
none of it; it opens no image and knows no device.
"""

from __future__ import annotations

import hashlib
import re
from io import BytesIO
from typing import NamedTuple
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from flashyard.contract.faults import Code, FaultError, refuse
from flashyard.flash.images.facts import MAX_EXPANDED

# Of a file; it bounds memory. A range takes 110 bytes or so: 35,000 of them.
MAX_SIZE = 4 << 20
_DEEPEST = 8  # elements within each other; a map has 3
MAJOR = 2
MAX_BLOCK_SIZE = 64 << 20
# Older ones exist in name only: who can make a collision must not get an image past us.
CHECKSUMS = {"sha256": 64, "sha384": 96, "sha512": 128}
_NUMBER = re.compile(r"[0-9]{1,19}", re.ASCII)
_RANGE = re.compile(r"([0-9]{1,19})(?:\s*-\s*([0-9]{1,19}))?", re.ASCII)


class Range(NamedTuple):
    """Mapped blocks in a row, as bytes ``[start, end)`` of the image, and their hash in hex."""

    start: int
    end: int
    checksum: str


class Bmap(NamedTuple):
    """What is mapped of an image.

    Attributes:
        image_size: bytes.
        block_size: bytes; every range begins at a block.
        algorithm: of the checksums, by hashlib's name.
        ranges: in order and apart; the last ends with the image where that ends within a block.
    """

    image_size: int
    block_size: int
    algorithm: str
    ranges: tuple[Range, ...]


def parse(data: bytes) -> Bmap:
    """Read a block map and hold it to its own checksum.

    Raises:
        FaultError: `image_corrupt`: it is no block map, or contradicts itself; `not_supported`:
            of another version, or without SHA-2 checksums.
    """
    if len(data) > MAX_SIZE:
        raise _corrupt(f"it has {len(data)} bytes; at most {MAX_SIZE} are read")
    try:
        root = _root(data)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise _corrupt(str(error)) from error
    if root.tag != "bmap":
        raise _corrupt("it is XML, but no block map")
    _check_version(root.get("version", ""))
    algorithm = _text(root, "ChecksumType")
    if algorithm not in CHECKSUMS:
        raise refuse(
            Code.NOT_SUPPORTED,
            "The block map has no checksums to rely on.",
            hint="Make it again with `bmaptool create`; its default is good.",
            details=f"{algorithm[:20]!r}; known are {', '.join(CHECKSUMS)}",
        )
    _check_itself(data, algorithm, _text(root, "BmapFileChecksum"))
    return _map(root, algorithm)


def _root(data: bytes) -> Element:
    """Read the XML; not on where it gets deep, which takes a hundred times the memory."""
    root, depth = Element(""), 0
    for event, element in iterparse(BytesIO(data), ("start", "end"), forbid_dtd=True):
        depth += 1 if event == "start" else -1
        if depth > _DEEPEST:
            raise _corrupt(f"its elements are nested more than {_DEEPEST} deep")
        root = element  # in the end the outermost, which ends last
    return root


def _check_version(version: str) -> None:
    major = version.split(".", maxsplit=1)[0]
    if not _NUMBER.fullmatch(major):
        raise _corrupt("it tells no version")
    if int(major) != MAJOR:
        raise refuse(
            Code.NOT_SUPPORTED,
            "The block map is of another version.",
            hint="Make it again with a bmaptool of version 3 or later.",
            details=f"version {version[:20]}; known is {MAJOR}.0",
        )


def _check_itself(data: bytes, algorithm: str, told: str) -> None:
    """Hash the file as it was while its own checksum was still all zeros."""
    if len(told) != CHECKSUMS[algorithm] or not _is_hex(told) or data.count(told.encode()) != 1:
        raise _corrupt("its own checksum is none")
    blank = data.replace(told.encode(), b"0" * len(told))
    if hashlib.new(algorithm, blank).hexdigest() != told.lower():
        raise _corrupt("its own checksum does not match")


def _map(root: Element, algorithm: str) -> Bmap:
    image_size, block_size = _number(root, "ImageSize"), _number(root, "BlockSize")
    blocks, mapped = _number(root, "BlocksCount"), _number(root, "MappedBlocksCount")
    if not 0 < image_size <= MAX_EXPANDED or not 0 < block_size <= MAX_BLOCK_SIZE:
        raise _corrupt(f"an image of {image_size} bytes in blocks of {block_size}")
    if blocks != -(-image_size // block_size):
        raise _corrupt(f"{image_size} bytes are not {blocks} blocks of {block_size}")
    listed = root.find("BlockMap")
    if listed is None:
        raise _corrupt("it lists no blocks")
    ranges, position, counted = [], 0, 0
    for each in listed.iterfind("Range"):
        first, last = _blocks(each)
        if not position <= first <= last < blocks:
            raise _corrupt(f"blocks {first}-{last} are out of order, or beyond the {blocks}")
        checksum = each.get("chksum", "").strip().lower()
        if len(checksum) != CHECKSUMS[algorithm] or not _is_hex(checksum):
            raise _corrupt(f"blocks {first}-{last} have no checksum")
        position = last + 1
        counted += position - first
        ranges.append(Range(first * block_size, min(position * block_size, image_size), checksum))
    if counted != mapped:
        raise _corrupt(f"{counted} blocks are listed, {mapped} are announced")
    return Bmap(image_size, block_size, algorithm, tuple(ranges))


def _blocks(element: Element) -> tuple[int, int]:
    told = _RANGE.fullmatch((element.text or "").strip())
    if told is None:
        raise _corrupt("a range is no range of blocks")
    first = int(told[1])
    return first, int(told[2]) if told[2] else first


def _number(root: Element, name: str) -> int:
    text = _text(root, name)
    if not _NUMBER.fullmatch(text):
        raise _corrupt(f"{name} is no number")
    return int(text)


def _text(root: Element, name: str) -> str:
    element = root.find(name)
    if element is None:
        raise _corrupt(f"{name} is missing")
    return (element.text or "").strip()


def _is_hex(text: str) -> bool:
    return re.fullmatch(r"[0-9a-fA-F]+", text, re.ASCII) is not None


def _corrupt(details: str) -> FaultError:
    return refuse(
        Code.IMAGE_CORRUPT,
        "The block map is damaged.",
        hint="Download or make it again; it belongs to exactly one image.",
        details=details,
    )
