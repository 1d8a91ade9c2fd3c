from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashyard.flash.fastboot import variables


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0x10000000", 268435456),
        (" 0X10000000\n", 268435456),
        ("536870912", 536870912),
        ("00100000", 100000),
        ("100000", 100000),
        ("1e00000", 0x1E00000),
        ("FF", 255),
        ("0", 0),
        ("0x", None),
        ("", None),
        (None, None),
        ("-1", None),
        ("12 34", None),
        ("1_000", None),
        ("٣", None),
        ("lots", None),
    ],
)
def test_sizes_are_read_the_way_no_download_gets_too_large(
    text: str | None, value: int | None
) -> None:
    assert variables.number(text) == value


@given(st.integers(0, 1 << 64))
def test_every_way_to_write_a_size_reads_the_same(size: int) -> None:
    assert variables.number(str(size)) == variables.number(f" {size:#x} ") == size
    assert variables.number(f"{size:#018X}") == size


@given(st.text())
def test_no_text_breaks_the_reading(text: str) -> None:
    size = variables.number(text)
    assert size is None or size >= 0
    assert variables.flag(text) in {True, False, None}
    assert variables.slot_letter(text) is None or text.strip()
    variables.table([text])


@pytest.mark.parametrize(
    ("text", "value"),
    [("yes", True), (" YES", True), ("true", True), ("no", False), ("", None), (None, None)],
)
def test_a_yes_is_a_yes_however_it_is_written(text: str | None, value: object) -> None:
    assert variables.flag(text) is value


@pytest.mark.parametrize(
    ("text", "letter"),
    [("a", "a"), ("_b", "b"), (" B ", "b"), ("", None), ("_", None), ("ab", None)],
)
def test_a_slot_is_its_letter(text: str, letter: str | None) -> None:
    assert variables.slot_letter(text) == letter


def test_the_table_of_all_variables_is_read_in_every_dialect() -> None:
    assert variables.table(
        [
            "product:oriole",
            "version-bootloader: slider-1.2:beta",
            "partition-size:system_a: 0x2000",
            "partition-size:userdata:0x1000",
            "(bootloader) partition-type:boot_a:raw",
            "has-slot:boot:yes",
            "slot-retry-count:a: 3",
            "all: listed above",
            "no colon here",
            ":nameless",
            "",
        ]
    ) == {
        "product": "oriole",
        "version-bootloader": "slider-1.2:beta",
        "partition-size:system_a": "0x2000",
        "partition-size:userdata": "0x1000",
        "partition-type:boot_a": "raw",
        "has-slot:boot": "yes",
        "slot-retry-count:a": "3",
        "all": "listed above",
    }
