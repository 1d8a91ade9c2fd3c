"""What is usual is what most others took, and never more is ahead of a job than all of it."""

from __future__ import annotations

from statistics import median_low
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from flashyard.contract.expected import Expected, Ground
from flashyard.contract.phases import Phase, Status
from flashyard.contract.records import Job
from flashyard_bridge.learning.run import NEWEST, Part, Run
from flashyard_bridge.learning.usual import held_to, remaining_ms, usual
from support.records import ended_job

SAME: tuple[Ground, ...] = ("image", "product", "port")
PARTS = [
    Part(Phase.PREPARING, None),
    Part(Phase.ERASING, "boot"),
    Part(Phase.WRITING, "boot"),
    Part(Phase.WRITING, "system"),
    Part(Phase.VERIFYING, "system"),
    Part(Phase.FINISHING, None),
]
times = st.integers(0, 10_000_000)
runs_of_any_kind = st.lists(
    st.builds(
        Run,
        at=st.integers(0, 10**13),
        bytes=st.integers(0, 10**12),
        parts=st.dictionaries(st.sampled_from(PARTS), times),
    ),
    max_size=40,
)


def run(at: int, writing: int, amount: int = 1000, **more: int) -> Run:
    phases = {"preparing": 100, "writing": writing, **more}
    return Run(at, amount, {Part(Phase(name), None): ms for name, ms in phases.items()})


def running(phase: Phase, taken: int = 0, **changes: object) -> Job:
    return ended_job(
        status=Status.RUNNING, phase=phase, bytes_transferred=taken, finished_at=None
    ).with_(**changes)


def told(expected: Expected) -> dict[str, int]:
    return {str(each.phase): each.duration_ms for each in expected.phases}


@given(runs=runs_of_any_kind, amount=st.integers(0, 10**12))
def test_it_is_the_median_of_the_newest_phase_by_phase(runs: list[Run], amount: int) -> None:
    expected = usual(SAME, runs, amount)
    newest = sorted(runs, key=lambda each: each.at, reverse=True)[:NEWEST]
    if len(runs) < 3:
        assert expected is None
        return
    if expected is None:
        assert all(median_low([r.parts.get(p, 0) for r in newest]) == 0 for p in PARTS)
        return
    assert expected.samples == len(newest)
    assert expected.duration_ms == sum(each.duration_ms for each in expected.phases)
    if len({each.at for each in runs}) == len(runs):
        for each in expected.phases:
            part = Part(each.phase, each.partition)
            assert each.duration_ms == median_low([r.parts.get(part, 0) for r in newest])


@given(
    runs=runs_of_any_kind,
    state=st.fixed_dictionaries(
        {
            "phase": st.sampled_from(Phase),
            "partition": st.sampled_from(["boot", "system", "vendor"]),
            "bytes_transferred": st.integers(0, 2_000),
            "total_bytes": st.integers(0, 1_000),
            "status": st.sampled_from(Status),
        }
    ),
    elapsed=st.integers(-1_000, 10**8),
    rate=st.none() | st.integers(1, 10**9),
)
def test_what_is_ahead_is_never_less_than_nothing_nor_more_than_all(
    runs: list[Run], state: dict[str, Any], elapsed: int, rate: int | None
) -> None:
    job = running(Phase.WRITING).with_(**state)
    expected = usual(SAME, runs, job.total_bytes)
    if expected is None:
        return
    expected = held_to(expected, job.total_bytes, rate)
    assert expected.duration_ms == sum(each.duration_ms for each in expected.phases)
    left = remaining_ms(expected, job, elapsed)
    assert left is None or 0 <= left <= expected.duration_ms


@given(taken=st.lists(st.integers(0, 1_000), min_size=2), elapsed=st.lists(times, min_size=2))
def test_it_shrinks_with_each_byte_and_each_moment(taken: list[int], elapsed: list[int]) -> None:
    expected = usual(SAME, [run(at, 8_000, finishing=900) for at in range(3)], 1000)
    assert expected is not None
    jobs = [running(Phase.WRITING, amount) for amount in sorted(taken)]
    left = [remaining_ms(expected, job, 0) or 0 for job in jobs]
    done = running(Phase.FINISHING, 1000)
    left += [remaining_ms(expected, done, ms) or 0 for ms in sorted(elapsed)]
    assert left == sorted(left, reverse=True)


def test_one_that_took_ages_changes_nothing_and_a_new_way_is_followed() -> None:
    slow = [run(at, 600_000 if at == 5 else 8_000) for at in range(20)]
    expected = usual(SAME, slow, 1000)
    assert expected is not None
    assert told(expected) == {"preparing": 100, "writing": 8_000}
    expected = usual(SAME, [*slow, *(run(at, 3_000) for at in range(20, 40))], 1000)
    assert expected is not None
    assert told(expected)["writing"] == 3_000


def test_of_other_images_the_speed_is_taken_where_they_are_of_a_like_size() -> None:
    others = [run(at, 4_000, amount=500, finishing=700) for at in range(3)]
    others += [run(at, 1, amount=1) for at in range(10, 20)]
    expected = usual(("product",), others, 1000)
    assert expected is not None
    assert expected.samples == 3
    assert told(expected) == {"preparing": 200, "writing": 8_000, "finishing": 700}
    assert usual(("product",), others, 5_000) is None
    assert usual(("product",), others, 0) is None


def test_a_job_that_prepares_itself_again_has_what_it_has_written_behind_it() -> None:
    expected = usual(SAME, [run(at, 8_000, finishing=900) for at in range(3)], 1000)
    assert expected is not None
    assert remaining_ms(expected, running(Phase.PREPARING, 750), 40) == 60 + 2_000 + 900


def test_where_nobody_knows_how_far_it_is_nothing_is_said() -> None:
    expected = usual(SAME, [run(at, 8_000) for at in range(3)], 1000)
    assert expected is not None
    assert remaining_ms(expected, running(Phase.ERASING), 0) is None, "others did not erase"
    assert remaining_ms(expected, running(Phase.WRITING, lost=True), 0) is None
    assert remaining_ms(expected, running(Phase.QUEUED, status=Status.QUEUED), 0) is None
    assert remaining_ms(expected, ended_job(), 0) is None
    held = running(Phase.QUEUED, status=Status.PAUSED, started_at=None)
    assert remaining_ms(expected, held, 0) is None


def test_a_job_that_is_held_to_a_bandwidth_is_expected_to_take_as_long_as_that() -> None:
    expected = usual(SAME, [run(at, 8_000) for at in range(3)], 1000)
    assert expected is not None
    assert told(held_to(expected, 1000, 50)) == {"preparing": 100, "writing": 20_000}
    assert held_to(expected, 1000, 50_000) == expected
