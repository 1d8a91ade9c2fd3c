from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashyard.flash.emulator.datagram import Datagram, Kind, agree


@given(st.sampled_from(Kind), st.integers(0, 65535), st.booleans(), st.binary(max_size=100))
def test_a_packet_reads_as_it_was_written(
    kind: Kind,
    number: int,
    continues: bool,  # noqa: FBT001 - drawn
    data: bytes,
) -> None:
    packet = Datagram(kind, number, continues, data).pack()
    assert packet == struct.pack(">BBH", kind, continues, number) + data
    assert Datagram.unpack(packet) == (kind, number, continues, data)


@given(st.binary(max_size=20))
def test_any_bytes_are_a_packet_or_none(packet: bytes) -> None:
    datagram = Datagram.unpack(packet)
    assert (datagram is None) == (len(packet) < 4 or packet[0] > 3)


@pytest.mark.parametrize(
    ("version", "packet", "agreed"),
    [(1, 512, 512), (1, 8192, 8192), (7, 65535, 8192), (0, 1024, None), (1, 511, None)],
)
def test_the_smaller_packet_and_our_version_are_agreed_on(
    version: int, packet: int, agreed: int | None
) -> None:
    terms = agree(struct.pack(">HH", version, packet))
    assert terms == (None if agreed is None else (struct.pack(">HH", 1, 8192), agreed))
    assert agree(b"\x00\x01\x04") is None
