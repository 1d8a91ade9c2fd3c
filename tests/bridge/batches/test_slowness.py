"""A device is slow only against enough others at the same, by much, and for long."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import median
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashyard.contract.batches import Slow
from flashyard.contract.phases import Phase
from flashyard_bridge.batches.slowness import (
    FACTOR,
    FLOOR,
    LEAST_OTHERS,
    Seen,
    judge,
    median_without,
)
from flashyard_bridge.learning.paces import Pace, Stretch

NOW = 10_000_000
MIB = 1 << 20


def done(writing: int, verifying: int = 1_000, amount: int = 100 * MIB, **more: Any) -> Seen:
    """See a job that took so many ms over its phases."""
    at = 1_000
    return Seen(
        Pace(
            (
                Stretch(Phase.PREPARING, at, 0, at, 0),
                Stretch(Phase.WRITING, at, 0, at + writing, amount),
                Stretch(Phase.VERIFYING, at + writing, amount, at + writing + verifying, amount),
            ),
            **more,
        ),
        amount,
    )


def at_work(since: int, taken: int, phase: Phase = Phase.WRITING) -> Seen:
    """See a job that has been in a phase for so many ms, and has taken so many bytes."""
    return Seen(Pace((Stretch(phase, NOW - since, 0),)), taken)


def marks(**seen: Seen) -> Mapping[str, Slow | None]:
    return judge(seen, NOW)


OTHERS = {"b": done(10_000), "c": done(11_000), "d": done(12_000)}


def test_it_says_by_how_much_at_what_and_against_how_many() -> None:
    found = dict(marks(a=done(33_000), **OTHERS))
    assert found.pop("a") == Slow(
        phase=Phase.WRITING,
        factor=3.0,
        duration_ms=33_000,
        usual_ms=11_000,
        speed=100 * MIB // 33,
        usual_speed=100 * MIB // 11,
        others=3,
    )
    assert found == dict.fromkeys("bcd")


def test_one_that_is_at_work_is_held_against_those_who_are_done_and_by_its_speed() -> None:
    slow = marks(a=at_work(20_000, 50 * MIB), **OTHERS)["a"]
    assert slow is not None
    assert (slow.factor, slow.usual_ms) == (3.6, 5_500)
    assert marks(a=at_work(20_000, 180 * MIB), **OTHERS)["a"] is None
    verifies = marks(a=at_work(9_000, 0, Phase.VERIFYING), **OTHERS)["a"]
    assert verifies is not None
    assert (verifies.phase, verifies.factor, verifies.speed) == (Phase.VERIFYING, 9.0, None)


@pytest.mark.parametrize(
    "slow",
    [
        done(33_000, was_paused=True, is_whole=False),
        done(11_000, 90_000, is_whole=False),
        at_work(90_000, 0, Phase.PREPARING),
        at_work(900, 1),
        at_work(90_000, 0),
    ],
    ids=["paused", "not heard from the start", "the hub's work", "just begun", "not begun"],
)
def test_what_cannot_be_compared_is_not_judged(slow: Seen) -> None:
    assert marks(a=slow, **OTHERS).get("a") is None


def test_what_others_cannot_be_compared_at_counts_for_nobody() -> None:
    others = {**OTHERS, "d": done(12_000, was_paused=True)}
    assert marks(a=done(33_000), **others) == {}


@given(
    times=st.dictionaries(
        st.text("abcdefgh", min_size=1, max_size=2),
        st.tuples(st.integers(0, 100_000), st.integers(0, 100_000), st.booleans()),
        max_size=12,
    )
)
def test_a_mark_always_has_its_reasons(times: dict[str, tuple[int, int, bool]]) -> None:
    seen = {
        job_id: done(writing, verifying, was_paused=was_paused)
        for job_id, (writing, verifying, was_paused) in times.items()
    }
    compared = [each for each in seen.values() if not each.pace.was_paused]
    found = judge(seen, NOW)
    assert all(not seen[job_id].pace.was_paused for job_id in found)
    if len(compared) <= LEAST_OTHERS:
        assert not any(found.values())
    for job_id, slow in found.items():
        if slow is None:
            continue
        assert slow.others == len(compared) - 1 >= LEAST_OTHERS
        assert slow.duration_ms - slow.usual_ms >= FLOOR
        assert slow.factor >= FACTOR
        place = 0 if slow.phase is Phase.WRITING else 1
        others = [t[place] for other, t in times.items() if other != job_id and not t[2]]
        assert slow.duration_ms == times[job_id][place]
        assert abs(slow.usual_ms - median(others)) <= 1


@given(times=st.lists(st.integers(5_000, 9_900), min_size=4, max_size=20))
def test_devices_of_a_kind_are_never_marked(times: list[int]) -> None:
    assert not any(judge({str(n): done(ms, ms) for n, ms in enumerate(times)}, NOW).values())


@given(numbers=st.lists(st.floats(0, 1e9), min_size=2), which=st.integers(0))
def test_the_median_of_the_others_is_theirs(numbers: list[float], which: int) -> None:
    ordered = sorted(numbers)
    mine = which % len(ordered)
    rest = ordered[:mine] + ordered[mine + 1 :]
    assert median_without(ordered, ordered[mine]) == pytest.approx(median(rest))
