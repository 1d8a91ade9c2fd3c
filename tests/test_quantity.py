from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashyard.quantity import parse_quantity

FACTORS = {
    "": 1,
    "B": 1,
    **{f"{letter}": 1024**power for power, letter in enumerate("KMGT", 1)},
    **{f"{letter}iB": 1024**power for power, letter in enumerate("KMGT", 1)},
    **{f"{letter}B": 1000**power for power, letter in enumerate("KMGT", 1)},
}


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("0", 0),
        ("4096", 4096),
        ("64M", 64 << 20),
        ("20MB", 20_000_000),
        ("1GiB", 1 << 30),
        ("1.5G", 3 << 29),
        (" 8 MiB ", 8 << 20),
        ("2tb", 2 * 10**12),
    ],
)
def test_amounts_are_read_as_people_type_them(text: str, amount: int) -> None:
    assert parse_quantity(text) == amount


@given(st.integers(0, 10**15), st.sampled_from(sorted(FACTORS)), st.booleans())
def test_every_number_takes_every_suffix_in_either_case(
    number: int,
    suffix: str,
    lower: bool,  # noqa: FBT001 - drawn
) -> None:
    text = f"{number}{suffix.lower() if lower else suffix.upper()}"
    assert parse_quantity(text) == number * FACTORS[suffix]


@given(st.text())
def test_anything_else_is_refused_in_a_sentence_that_shows_it(text: str) -> None:
    sentence = refusal(text)
    assert sentence is None or (repr(text) in sentence and sentence.endswith("."))


@pytest.mark.parametrize("text", ["", "M", "-1", "1e6", "0x10", "1,5M", "64Q", "1.5", "0.3K", "٣M"])
def test_these_are_no_amounts(text: str) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        parse_quantity(text)


def refusal(text: str) -> str | None:
    try:
        parse_quantity(text)
    except ValueError as error:
        return str(error)
    return None
