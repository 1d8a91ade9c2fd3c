"""Many numbers kept as few, and how true what they tell stays."""

from __future__ import annotations

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashyard_bridge.history.statistics.histogram import (
    BUCKETS,
    ERROR,
    add,
    add_listed,
    listed,
    pack,
    quantile,
    unpack,
)

numbers = st.integers(0, 300) | st.integers(0, 10**7) | st.integers(0, 2**53 - 1)
some = st.lists(numbers, min_size=1, max_size=60)


@given(number=numbers)
def test_what_a_bucket_stands_for_is_within_two_percent_of_all_in_it(number: int) -> None:
    told = BUCKETS.value_of(BUCKETS.place_of(number))
    assert abs(told - number) <= ERROR * number


def test_small_numbers_are_told_as_they_are() -> None:
    for number in range(50):
        assert BUCKETS.value_of(BUCKETS.place_of(number)) == number


@given(values=some, percent=st.integers(1, 100))
def test_a_quantile_is_the_number_of_the_nearest_rank_counted_exactly_or_not(
    values: list[int], percent: int
) -> None:
    exact = sorted(values)[math.ceil(len(values) * percent / 100) - 1]
    assert quantile(Counter(values), percent) == exact
    bucket = quantile(Counter(map(BUCKETS.place_of, values)), percent)
    assert bucket == BUCKETS.place_of(exact)


@given(counted=st.dictionaries(st.integers(0, 2**16 - 1), st.integers(1, 2**40), max_size=20))
def test_what_is_packed_is_unpacked(counted: dict[int, int]) -> None:
    assert dict(unpack(pack(counted))) == counted


@pytest.mark.parametrize("packed", [b"\x01\x00", b"\x03\x00\x00\x00", b"\x07"])
def test_what_is_damaged_is_refused_as_such(packed: bytes) -> None:
    with pytest.raises(ValueError, match="damaged"):
        dict(unpack(packed))
    with pytest.raises(ValueError, match="damaged"):
        add_listed({}, {}, b"\x00")


buckets = st.none() | st.integers(0, 2_000)


@given(of_jobs=st.lists(st.tuples(buckets, buckets)), more=st.lists(st.tuples(buckets, buckets)))
def test_what_is_listed_one_after_the_other_is_read_as_one_list(
    of_jobs: list[tuple[int | None, int | None]], more: list[tuple[int | None, int | None]]
) -> None:
    durations: dict[int, int] = {}
    speeds: dict[int, int] = {}
    add_listed(durations, speeds, listed(of_jobs) + listed(more))
    assert durations == Counter(each for each, _ in of_jobs + more if each is not None)
    assert speeds == Counter(each for _, each in of_jobs + more if each is not None)


@given(first=some, second=some)
def test_counts_add_up_and_are_taken_away_without_a_trace(
    first: list[int], second: list[int]
) -> None:
    one, two = (Counter(map(BUCKETS.place_of, each)) for each in (first, second))
    both: dict[int, int] = dict(one)
    add(both, two.items())
    assert both == one + two
    assert dict(unpack(pack(both))) == both
    add(both, one.items(), -1)
    assert both == two
    add(both, two.items(), -1)
    assert both == {}
    assert pack(both) == b""
