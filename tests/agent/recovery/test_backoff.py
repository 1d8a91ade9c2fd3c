"""What is tried again: by class, further and further apart, and not for ever."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashyard.agent.recovery.backoff import IMAGE, LINK, Backoff, once_more
from flashyard.contract.faults import Code, fault
from flashyard.contract.phases import CANCELLABLE, Phase

PASSING = {Code.LINK_LOST, Code.DEVICE_SILENT, Code.TIMED_OUT}


def test_the_image_store_is_tried_again_1_2_4_up_to_30_seconds_apart() -> None:
    assert [IMAGE.delay(failed) for failed in range(1, 8)] == [1, 2, 4, 8, 16, 30, 30]


def test_the_link_to_a_device_is_tried_again_after_1_and_after_5_seconds() -> None:
    assert [LINK.delay(failed) for failed in range(1, 5)] == [1, 5, 25, 30]


@given(
    st.builds(Backoff, st.floats(0.01, 60), st.floats(1, 10), st.floats(0.01, 600)),
    st.integers(1, 10_000),
)
def test_delays_never_fall_and_have_an_end(backoff: Backoff, failed: int) -> None:
    delays = [backoff.delay(failed), backoff.delay(failed + 1)]
    assert all(before <= after for before, after in pairwise(delays))
    assert delays[-1] <= backoff.most


@pytest.mark.parametrize("code", list(Code))
def test_only_a_link_that_may_be_there_again_in_a_moment_is_tried_again(code: Code) -> None:
    again = once_more(fault(code), Phase.WRITING, tried=0, most=2)
    assert (again is not None) == (code in PASSING)


@pytest.mark.parametrize("phase", sorted(set(Phase) - {Phase.QUEUED}))
def test_it_is_tried_again_from_first_contact_until_the_device_uses_what_was_written(
    phase: Phase,
) -> None:
    again = once_more(fault(Code.LINK_LOST), phase, tried=0, most=2)
    assert (again is not None) == (phase in CANCELLABLE - {Phase.PREPARING})


@given(st.integers(0, 100), st.integers(0, 100))
def test_a_job_is_tried_again_so_often_and_not_once_more(tried: int, most: int) -> None:
    again = once_more(fault(Code.DEVICE_SILENT), Phase.WRITING, tried, most)
    assert (again is not None) == (tried < most)
    if again is not None:
        assert again.number == tried + 1


def test_it_says_what_broke_and_how_often_it_was_tried() -> None:
    first = once_more(fault(Code.LINK_LOST), Phase.WRITING, tried=0, most=2)
    assert first is not None
    assert first.words == "Link lost; trying again in 1 s (1 of 2)"
    second = once_more(fault(Code.DEVICE_SILENT), Phase.WRITING, tried=1, most=2)
    assert second is not None
    assert second.words == "The device does not answer; trying again in 5 s (2 of 2)"
