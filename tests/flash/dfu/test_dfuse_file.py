from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashyard.contract.faults import Code
from flashyard.flash.dfu.dfuse_file import Element, Memory, parse
from support.dfuse_device import prefixed
from support.faults import refused
from support.mutation import faults_of

ELEMENTS = st.lists(st.tuples(st.integers(0, 0xFFFF0000), st.binary(max_size=60)), max_size=5)
MEMORIES = st.lists(st.tuples(st.integers(0, 255), ELEMENTS), max_size=4)
SOUND = prefixed([(0, [(0x08000000, b"A" * 50), (0x08004000, b"B" * 9)]), (1, [(16, b"C")])])


@given(MEMORIES)
def test_every_element_is_found_where_it_stands(
    memories: list[tuple[int, list[tuple[int, bytes]]]],
) -> None:
    file = prefixed(memories)
    found = [
        (each.alternate, [(at, file[start : start + size]) for at, start, size in each.elements])
        for each in parse(file)
    ]
    assert found == memories


def test_names_are_for_people() -> None:
    assert parse(SOUND)[0] == Memory(
        0, "ST...", (Element(0x08000000, 293, 50), Element(0x08004000, 351, 9))
    )


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (b"", "ends at byte 0"),
        (SOUND[:-1], "its prefix says"),
        (SOUND + b"x", "its prefix says"),
        (b"X" + SOUND[1:], "begins with"),
        (SOUND[:5] + b"\2" + SOUND[6:], "version 2"),
        (SOUND[:11] + b"Tarjet" + SOUND[17:], "a target begins"),
        (SOUND[:10] + b"\1" + SOUND[11:], "follow its last target"),
        (SOUND[:10] + b"\3" + SOUND[11:], "ends at byte"),
        (SOUND[:277] + b"\xff" + SOUND[278:], "says it has"),
        (SOUND[:281] + b"\xff\xff\xff\xff" + SOUND[285:], "ends at byte"),
        (SOUND[:285] + struct.pack("<I", 0xFFFFFFFF) + SOUND[289:], "beyond the last address"),
    ],
)
def test_a_file_that_breaks_a_rule_is_refused_with_the_reason(file: bytes, said: str) -> None:
    with refused(Code.IMAGE_CORRUPT) as refusal:
        parse(file)
    assert said in (refusal.fault.details or "")


@given(st.integers())
def test_damage_is_a_fault_and_never_a_traceback(seed: int) -> None:
    faults_of(parse, SOUND, seed, 5, Code.IMAGE_CORRUPT)
