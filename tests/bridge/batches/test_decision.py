"""What a batch does next, whatever becomes of its devices."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashyard.contract.batches import FINAL_ITEM, BatchStatus, ItemStatus
from flashyard_bridge.batches.decision import Terms, Verdict, decide

WAITING, STARTING, RUNNING, COMPLETED, FAILED, CANCELLED, SKIPPED = ItemStatus
UNDER_WAY = {STARTING, RUNNING}

terms = st.builds(
    Terms,
    st.none() | st.integers(1, 5),
    st.none() | st.integers(0, 4),
    st.none() | st.floats(0, 99, allow_nan=False),
)


@given(
    statuses=st.lists(st.sampled_from([s for s in ItemStatus if s is not SKIPPED]), min_size=1),
    limits=terms,
    is_paused=st.booleans(),
    is_cancelling=st.booleans(),
    far=st.sets(st.integers(0, 10)),
)
def test_it_starts_what_waits_in_order_and_never_more_than_agreed(
    statuses: list[ItemStatus],
    limits: Terms,
    *,
    is_paused: bool,
    is_cancelling: bool,
    far: set[int],
) -> None:
    verdict = decide(
        statuses, limits, is_paused=is_paused, is_cancelling=is_cancelling, out_of_reach=far
    )
    waiting = [i for i, s in enumerate(statuses) if s is WAITING and i not in far]
    assert list(verdict.start) == waiting[: len(verdict.start)]
    busy = sum(status in UNDER_WAY for status in statuses)
    if limits.max_parallel is not None and verdict.start:
        assert busy + len(verdict.start) <= limits.max_parallel
    if verdict.start:
        assert verdict._replace(start=()) == Verdict()
        assert not is_paused
        assert not is_cancelling
    elif waiting and not busy and not is_paused:
        assert verdict.is_to_skip, "nothing waits for ever"
    if verdict.end is not None:
        assert not busy
        assert WAITING not in statuses or verdict.is_to_skip


@given(data=st.data(), number=st.integers(1, 12), limits=terms)
def test_whatever_the_devices_do_it_ends_once_and_keeps_its_limits(
    data: st.DataObject, number: int, limits: Terms
) -> None:
    statuses = [WAITING] * number
    has_stopped = is_cancelling = False
    verdict = Verdict()
    while verdict.end is None:
        verdict = decide(statuses, limits, is_cancelling=is_cancelling, has_stopped=has_stopped)
        has_stopped |= verdict.stopped_because is not None
        if verdict.is_to_skip:
            statuses = [SKIPPED if status is WAITING else status for status in statuses]
        for index in verdict.start:
            statuses[index] = STARTING
        busy = [index for index, status in enumerate(statuses) if status in UNDER_WAY]
        assert len(busy) <= (limits.max_parallel or number)
        assert busy or verdict.end, "it neither goes on nor ends"
        if not busy:
            continue
        which = data.draw(st.sampled_from(busy))
        ends = [COMPLETED, FAILED, CANCELLED]
        statuses[which] = data.draw(
            st.sampled_from([RUNNING, *ends] if statuses[which] is STARTING else ends)
        )
        is_cancelling |= data.draw(st.integers(0, 9)) == 9
    assert set(statuses) <= FINAL_ITEM
    counts = Counter(statuses)
    if verdict.end is BatchStatus.COMPLETED:
        assert counts == {COMPLETED: number}
    if has_stopped:
        assert verdict.end is BatchStatus.STOPPED
        assert counts[SKIPPED]
    elif not is_cancelling:
        assert not counts[SKIPPED]
        assert (verdict.end is BatchStatus.FAILED) is bool(counts[FAILED])


@pytest.mark.parametrize(
    ("limits", "failed", "stops"),
    [
        (Terms(), 9, False),
        (Terms(max_failures=0), 0, False),
        (Terms(max_failures=0), 1, True),
        (Terms(max_failures=2), 2, False),
        (Terms(max_failures=2), 3, True),
        (Terms(max_failure_percent=20), 2, False),
        (Terms(max_failure_percent=20), 3, True),
        (Terms(max_failure_percent=0), 1, True),
        (Terms(max_failures=5, max_failure_percent=20), 3, True),
    ],
)
def test_more_failures_than_are_borne_stop_it(limits: Terms, failed: int, *, stops: bool) -> None:
    statuses = [FAILED] * failed + [WAITING] * (10 - failed)
    verdict = decide(statuses, limits)
    assert (verdict.stopped_because is not None) is stops
    assert (verdict.end is BatchStatus.STOPPED) is stops
    assert bool(verdict.start) is not stops


def test_a_cancel_that_came_too_late_changes_nothing() -> None:
    assert decide([COMPLETED], Terms(), is_cancelling=True).end is BatchStatus.COMPLETED
    assert decide([FAILED], Terms(), is_cancelling=True).end is BatchStatus.FAILED
    assert decide([CANCELLED, COMPLETED], Terms(), is_cancelling=True).end is BatchStatus.CANCELLED


def test_a_stop_waits_for_what_runs() -> None:
    verdict = decide([FAILED, RUNNING, WAITING], Terms(max_failures=0))
    assert verdict.is_to_skip
    assert verdict.stopped_because == "1 of 3 devices failed; more than 0 stop the batch."
    assert verdict.end is None
    assert decide([FAILED, COMPLETED, SKIPPED], Terms(), has_stopped=True).end is (
        BatchStatus.STOPPED
    )
