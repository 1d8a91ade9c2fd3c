"""What is inside comes out, whatever the wrapping; and nothing else does."""

from __future__ import annotations

import gzip
import lzma
import subprocess
import tracemalloc
from pathlib import Path
from random import Random

import pytest
from backports import zstd
from hypothesis import given
from hypothesis import strategies as st

from flashyard.contract.faults import Code
from flashyard.flash.images.packed.packing import Packing, packing_of
from flashyard.flash.images.packed.stream import unpacked
from flashyard.flash.source import MIB
from support.faults import refused
from support.packings import WAYS, gzipped, wrapped, xzed, zipped, zstded

PACKINGS = st.sampled_from(list(Packing))
NOISE = Random(1).randbytes(2 * MIB + 12345)


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("packed") / "image"


def read(path: Path, packing: Packing, limit: int = 1 << 30) -> list[bytes]:
    with path.open("rb", buffering=0) as file:
        return [bytes(piece) for piece in unpacked(file, packing, limit)]


@given(content=st.binary(max_size=5000), packing=PACKINGS, data=st.data())
def test_any_content_survives_each_wrapping(
    scratch: Path, content: bytes, packing: Packing, data: st.DataObject
) -> None:
    packed = data.draw(wrapped(content, packing))
    scratch.write_bytes(packed)
    assert packing_of(packed[:4]) is packing
    assert b"".join(read(scratch, packing)) == content


@pytest.mark.parametrize("packing", Packing)
@pytest.mark.parametrize(
    "content", [NOISE, bytes(len(NOISE)), b"ab" * MIB], ids=["noise", "0", "ab"]
)
def test_pieces_are_of_one_mebibyte_but_the_last(
    scratch: Path, packing: Packing, content: bytes
) -> None:
    for way in WAYS[packing]:
        scratch.write_bytes(way(content))
        pieces = read(scratch, packing)
        assert b"".join(pieces) == content
        assert {len(piece) for piece in pieces[:-1]} == {MIB}


@pytest.mark.parametrize("tool", [["gzip", "-9"], ["xz", "-9e"], ["xz", "-T2"], ["zstd", "-19"]])
def test_what_the_tools_make_is_read(scratch: Path, tool: list[str]) -> None:
    content = NOISE[: MIB + 1] + bytes(3 * MIB)
    made = subprocess.run([*tool, "-c"], input=content, capture_output=True, check=True).stdout
    scratch.write_bytes(made)
    packing = packing_of(made[:4])
    assert packing is not None
    assert b"".join(read(scratch, packing)) == content


@pytest.mark.parametrize("packing", Packing)
def test_a_file_that_ends_early_is_damaged_wherever_it_ends(
    scratch: Path, packing: Packing
) -> None:
    for way in WAYS[packing]:
        whole = way(NOISE[:60])
        for end in range(4, len(whole)):
            scratch.write_bytes(whole[:end])
            with refused(Code.IMAGE_CORRUPT):
                read(scratch, packing)


@pytest.mark.parametrize("packing", [Packing.GZIP, Packing.XZ, Packing.ZSTD])
def test_something_behind_the_last_member_is_not_overlooked(
    scratch: Path, packing: Packing
) -> None:
    scratch.write_bytes(WAYS[packing][0](b"content") + bytes(8) + b"and more")
    with refused(Code.IMAGE_CORRUPT) as refusal:
        read(scratch, packing)
    assert packing.value in refusal.fault.sentence


@pytest.mark.parametrize("packing", Packing)
def test_a_flipped_bit_of_the_content_is_noticed(scratch: Path, packing: Packing) -> None:
    packed = bytearray(WAYS[packing][0](NOISE[:5000]))
    packed[2500] ^= 4
    scratch.write_bytes(packed)
    with refused(Code.IMAGE_CORRUPT):
        read(scratch, packing)


@pytest.mark.parametrize("pack", [gzipped, xzed, zstded, zipped])
def test_a_bomb_is_not_read_on_past_the_limit(scratch: Path, pack: object) -> None:
    assert callable(pack)
    packed = pack(bytes(64 * MIB))
    assert len(packed) < MIB
    scratch.write_bytes(packed)
    packing = packing_of(packed[:4])
    assert packing is not None
    read(scratch, packing, limit=64 * MIB)
    with refused(Code.IMAGE_TOO_LARGE), scratch.open("rb", buffering=0) as file:
        done = 0
        for piece in unpacked(file, packing, 3 * MIB):
            done += len(piece)
            assert done <= 3 * MIB


@pytest.mark.parametrize("pack", [gzipped, xzed, zstded, zipped])
def test_a_bomb_takes_little_memory(scratch: Path, pack: object) -> None:
    assert callable(pack)
    packed = pack(bytes(200 * MIB))
    scratch.write_bytes(packed)
    packing = packing_of(packed[:4])
    assert packing is not None
    tracemalloc.start()
    try:
        with scratch.open("rb", buffering=0) as file:
            for _ in unpacked(file, packing):
                pass
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 12 * MIB


@pytest.mark.parametrize("pack", [gzipped, xzed, zstded])
def test_thousands_of_tiny_members_are_one_file(scratch: Path, pack: object) -> None:
    assert callable(pack)
    scratch.write_bytes(pack(b"x") * 5000)
    packing = packing_of(pack(b"x")[:4])
    assert packing is not None
    assert read(scratch, packing) == [b"x" * 5000]


def test_what_takes_too_much_memory_to_unpack_is_refused_with_a_way_out(scratch: Path) -> None:
    wide: dict[int, int] = {
        zstd.CompressionParameter.window_log: 28,
        zstd.CompressionParameter.enable_long_distance_matching: 1,
    }
    packer = zstd.ZstdCompressor(options=wide)
    scratch.write_bytes(packer.compress(b"content") + packer.flush())
    with refused(Code.NOT_SUPPORTED) as refusal:
        read(scratch, Packing.ZSTD)
    assert "--long=27" in (refusal.fault.hint or "")
    dictionary = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 256 * MIB}]
    scratch.write_bytes(lzma.compress(b"content", filters=dictionary))
    with refused(Code.NOT_SUPPORTED):
        read(scratch, Packing.XZ)


def test_the_best_the_tools_do_without_being_told_to_is_read(scratch: Path) -> None:
    scratch.write_bytes(lzma.compress(NOISE, preset=9))
    assert b"".join(read(scratch, Packing.XZ)) == NOISE
    scratch.write_bytes(zstd.compress(NOISE, 22))
    assert b"".join(read(scratch, Packing.ZSTD)) == NOISE


def test_zeros_alone_between_members_are_padding(scratch: Path) -> None:
    scratch.write_bytes(gzip.compress(b"one ") + bytes(600_000) + gzip.compress(b"file"))
    assert read(scratch, Packing.GZIP) == [b"one file"]
