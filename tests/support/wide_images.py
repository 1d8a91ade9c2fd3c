"""Images of several MiB, raw and sparse, whose edges fall anywhere; and what becomes of a disk."""

from __future__ import annotations

import random

from hypothesis import strategies as st

from support.sparse_images import DONT_CARE, FILL, RAW, Piece, build

MIB = 1 << 20
_LENGTHS = (4, 500, 4096, 70_000, 600_000, MIB, MIB + 4, 2 * MIB)


@st.composite
def wide_raw(draw: st.DrawFn) -> bytes:
    """Noise with a hole of zeros; mostly no whole number of blocks."""
    noise = random.Random(draw(st.integers(0, 99)))
    edge = draw(st.sampled_from([1, 511, 512, 4096, MIB - 1, MIB, MIB + 1, 3 * MIB - 7, 3 * MIB]))
    image = bytearray(noise.randbytes(edge))
    start = draw(st.integers(0, edge))
    end = min(edge, start + draw(st.sampled_from([0, 4096, MIB])))
    image[start:end] = bytes(end - start)
    return bytes(image)


@st.composite
def wide_sparse(draw: st.DrawFn) -> bytes:
    """Chunks of blocks of any size, so that one block of a disk may belong to several."""
    blk_sz = draw(st.sampled_from([4, 12, 512, 4096, 12 << 10]))
    noise = random.Random(draw(st.integers(0, 99)))
    chunks = []
    for kind in draw(st.lists(st.sampled_from([RAW, FILL, DONT_CARE]), min_size=1, max_size=5)):
        blocks = max(1, draw(st.sampled_from(_LENGTHS)) // blk_sz)
        length = {RAW: blocks * blk_sz, FILL: 4, DONT_CARE: 0}[kind]
        chunks.append(Piece(kind, blocks, noise.randbytes(length)))
    return build(blk_sz, chunks)
