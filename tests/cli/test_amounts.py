from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashyard.cli.amounts import clock, duration, rate, size


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "0.98 KiB"),
        (20 * 1024**2, "20.0 MiB"),
        (3 * 1024**3, "3.00 GiB"),
        (1023 * 1024**3, "1.00 TiB"),
    ],
)
def test_bytes_are_said_with_three_digits(amount: int, text: str) -> None:
    assert size(amount) == text


def test_a_rate_is_per_second() -> None:
    assert rate(21_250_000) == "20.3 MiB/s"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (110, "2 min"),
        (3599, "1 h 0 min"),
        (4200, "1 h 10 min"),
    ],
)
def test_time_is_said_roughly(seconds: int, text: str) -> None:
    assert duration(seconds) == text


def test_what_is_usual_is_said_to_the_second() -> None:
    assert [*map(clock, (0, 35_400, 79_700, 3_725_000))] == ["0:00", "0:35", "1:20", "1:02:05"]


@given(st.integers(min_value=0, max_value=2**60))
def test_no_amount_needs_more_than_nine_characters(amount: int) -> None:
    assert len(size(amount)) <= 9
