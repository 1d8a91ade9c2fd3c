"""Block maps as bmap-tools writes them, of any image; written apart from the product."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

TEMPLATE = """<?xml version="1.0" ?>
<!-- It lists blocks: <MappedBlocksCount> of <BlocksCount>. -->
<bmap version="{version}">
    <ImageSize> {image_size} </ImageSize>
    <BlockSize> {block_size} </BlockSize>
    <BlocksCount> {blocks} </BlocksCount>
    <MappedBlocksCount> {mapped} </MappedBlocksCount>
    <ChecksumType> {algorithm} </ChecksumType>
    <BmapFileChecksum> {own} </BmapFileChecksum>
    <BlockMap>
{ranges}
    </BlockMap>
</bmap>
"""


def block_map(
    image: bytes,
    ranges: Sequence[tuple[int, int]],
    block_size: int = 4096,
    algorithm: str = "sha256",
    changes: Mapping[str, object] | None = None,
) -> bytes:
    """Make the map of an image's blocks, first to last, with some changes, and seal it."""
    lines = []
    for first, last in ranges:
        piece = image[first * block_size : (last + 1) * block_size]
        span = f"{first}" if first == last else f"{first}-{last}"
        checksum = hashlib.new(algorithm, piece).hexdigest()
        lines.append(f'        <Range chksum="{checksum}"> {span} </Range>')
    said: dict[str, object] = {
        "version": "2.0",
        "image_size": len(image),
        "block_size": block_size,
        "blocks": -(-len(image) // block_size),
        "mapped": sum(last - first + 1 for first, last in ranges),
        "algorithm": algorithm,
        "ranges": "\n".join(lines),
        "own": "0" * hashlib.new(algorithm).digest_size * 2,
    }
    return seal(TEMPLATE.format(**{**said, **(changes or {})}).encode(), algorithm)


def seal(blank: bytes, algorithm: str = "sha256") -> bytes:
    """Put the file's own checksum where its zeros are."""
    own = hashlib.new(algorithm, blank).hexdigest().encode()
    return blank.replace(b"0" * len(own), own, 1)
