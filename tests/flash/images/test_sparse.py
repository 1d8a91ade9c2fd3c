from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashyard.contract.faults import Code
from flashyard.flash.images.sparse import Chunk, ChunkKind, Header, Tally
from support.faults import refused

COUNTS = st.integers(0, 0xFFFFFFFF)
HEADER = Header(blk_sz=4096, total_blks=10, total_chunks=3)


@given(blk_sz=st.integers(1, 1 << 20), blocks=COUNTS, chunks=COUNTS)
def test_a_header_survives_the_wire(blk_sz: int, blocks: int, chunks: int) -> None:
    header = Header(blk_sz * 4, blocks, chunks)
    assert len(header.pack()) == 28
    assert Header.unpack(header.pack()) == header
    assert header.expanded_size == blk_sz * 4 * blocks


@given(kind=st.sampled_from(ChunkKind), blocks=COUNTS, size=COUNTS)
def test_a_chunk_header_survives_the_wire(kind: ChunkKind, blocks: int, size: int) -> None:
    chunk = Chunk(kind, blocks, size)
    assert len(chunk.pack()) == 12
    assert Chunk.unpack(chunk.pack()) == chunk


def test_the_bytes_are_those_of_the_format() -> None:
    assert HEADER.pack() == bytes.fromhex(
        "3aff26ed 0100 0000 1c00 0c00 00100000 0a000000 03000000 00000000"
    )
    assert Chunk(ChunkKind.FILL, 7, 16).pack() == bytes.fromhex("c2ca 0000 07000000 10000000")


@pytest.mark.parametrize(
    ("at", "value", "word"),
    [
        (0, 0, "magic"),
        (4, 2, "version 2.0"),
        (8, 27, "header sizes"),
        (10, 11, "header sizes"),
        (12, 0, "block size"),
        (12, 1, "block size of 1 bytes"),
    ],
)
def test_a_header_that_breaks_a_rule_is_refused_with_the_reason(
    at: int, value: int, word: str
) -> None:
    data = bytearray(HEADER.pack())
    data[at : at + 2] = value.to_bytes(2, "little")
    with refused(Code.IMAGE_CORRUPT) as refusal:
        Header.unpack(bytes(data))
    assert word in (refusal.fault.details or "")


def test_half_a_header_is_refused() -> None:
    with refused(Code.IMAGE_CORRUPT):
        Header.unpack(HEADER.pack()[:27])
    with refused(Code.IMAGE_CORRUPT):
        Chunk.unpack(Chunk(ChunkKind.RAW, 1, 12).pack()[:11])


def test_an_unknown_chunk_type_is_refused() -> None:
    with refused(Code.IMAGE_CORRUPT) as refusal:
        Chunk.unpack(b"\xc5\xca" + bytes(10))
    assert "0xcac5" in (refusal.fault.details or "")


@pytest.mark.parametrize(
    "chunk",
    [
        Chunk(ChunkKind.RAW, 1, 12 + 4095),
        Chunk(ChunkKind.RAW, 0xFFFFFFFF, 12),
        Chunk(ChunkKind.FILL, 1, 12 + 4096),
        Chunk(ChunkKind.DONT_CARE, 1, 16),
        Chunk(ChunkKind.CRC32, 0, 12),
        Chunk(ChunkKind.CRC32, 1, 16),
        Chunk(ChunkKind.DONT_CARE, 11, 12),
        Chunk(ChunkKind.FILL, 0xFFFFFFFF, 16),
    ],
)
def test_a_chunk_that_does_not_fit_its_image_is_refused(chunk: Chunk) -> None:
    with refused(Code.IMAGE_CORRUPT) as refusal:
        Tally(HEADER).add(chunk)
    assert "chunk 0" in (refusal.fault.details or "")


def test_the_chunks_must_describe_every_block() -> None:
    tally = Tally(HEADER)
    assert tally.add(Chunk(ChunkKind.RAW, 2, 12 + 8192)) == 8192
    assert tally.add(Chunk(ChunkKind.FILL, 3, 16)) == 4
    with refused(Code.IMAGE_CORRUPT):
        tally.close()
    assert tally.add(Chunk(ChunkKind.DONT_CARE, 4, 12)) == 0
    with refused(Code.IMAGE_CORRUPT) as refusal:
        tally.close()
    assert "9 of 10 blocks" in (refusal.fault.details or "")
    assert tally.content == 5 * 4096
