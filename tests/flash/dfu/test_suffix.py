from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashyard.contract.faults import Code
from flashyard.flash.dfu.suffix import ANY, Checksum, Suffix, make, parse
from support.faults import refused
from support.mutation import faults_of

WORD = st.integers(0, 0xFFFF)
SUFFIX = Suffix(release=0x0123, product=0x0001, vendor=0x1209, version=0x0100)
FIRMWARE = bytes(range(256)) * 20
FILE = FIRMWARE + make(FIRMWARE, SUFFIX)


@given(firmware=st.binary(max_size=300), words=st.tuples(WORD, WORD, WORD, WORD))
def test_what_was_made_is_read_back(firmware: bytes, words: tuple[int, int, int, int]) -> None:
    suffix = Suffix(*words)
    assert parse(firmware + make(firmware, suffix)) == suffix


@given(cuts=st.lists(st.integers(0, len(FILE)), max_size=30))
def test_a_file_may_come_in_pieces_of_any_size(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(FILE)]
    checksum = Checksum()
    for start, end in itertools.pairwise(edges):
        checksum.feed(memoryview(FILE)[start:end])
    assert checksum.size == len(FILE)
    assert checksum.suffix() == SUFFIX


def test_the_bytes_are_those_of_the_standard() -> None:
    # USB DFU 1.1, annex B, and the CRC that dfu-suffix puts behind an empty file.
    tail = make(b"", Suffix(0xFFFF, 0x5678, 0x1234, 0x0100))
    assert tail[:12] == bytes.fromhex("ffff 7856 3412 0001 554644 10")
    residue = 0xFFFFFFFF
    for byte in tail[:12]:
        residue ^= byte
        for _ in range(8):
            residue = residue >> 1 ^ (0xEDB88320 if residue & 1 else 0)
    assert int.from_bytes(tail[12:], "little") == residue


@pytest.mark.parametrize("data", [b"", b"UFD", FIRMWARE, bytes(16)])
def test_a_file_without_a_suffix_has_none(data: bytes) -> None:
    assert parse(data) is None


@given(at=st.integers(0, len(FILE) - 9), bit=st.integers(0, 7))
def test_one_bit_that_fell_over_is_noticed(at: int, bit: int) -> None:
    damaged = bytearray(FILE)
    damaged[at] ^= 1 << bit
    with refused(Code.IMAGE_CORRUPT):
        parse(bytes(damaged))


def test_a_suffix_longer_than_its_file_is_refused() -> None:
    body = FILE[:-16] + FILE[-16:-5] + b"\xff"
    short = body[-16 + 4 :]
    checksum = Checksum()
    checksum.feed(short + make(short, SUFFIX)[-4:])
    with refused(Code.IMAGE_CORRUPT):
        checksum.suffix()


@pytest.mark.parametrize(
    ("vendor", "product", "suits"),
    [(0x1209, 1, True), (0x1209, ANY, True), (ANY, ANY, True), (0x1209, 2, False), (1, 1, False)],
)
def test_a_wildcard_suits_every_device(
    vendor: int,
    product: int,
    suits: bool,  # noqa: FBT001 (pytest's way)
) -> None:
    assert Suffix(ANY, product, vendor, 0x0100).suits(0x1209, 1) is suits


@given(st.integers())
def test_damage_is_a_fault_or_no_suffix(seed: int) -> None:
    faults_of(parse, FILE, seed, 5, Code.IMAGE_CORRUPT)
