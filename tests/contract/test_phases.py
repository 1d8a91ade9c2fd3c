"""Phases: a closed set, moved by one function, asked by sets."""

from __future__ import annotations

from itertools import product

import pytest

from flashyard.contract.phases import (
    CANCELLABLE,
    FINAL,
    NEXT,
    IllegalMoveError,
    Phase,
    Status,
    move,
    status_of,
)


def test_every_phase_has_its_row() -> None:
    assert set(NEXT) == set(Phase)


@pytest.mark.parametrize(("here", "there"), list(product(Phase, Phase)))
def test_a_move_is_made_or_refused_naming_both_phases(here: Phase, there: Phase) -> None:
    if there in NEXT[here]:
        assert move(here, there) is there
    else:
        with pytest.raises(IllegalMoveError, match=f"from {here} to {there}"):
            move(here, there)


def test_final_is_final() -> None:
    assert all(not NEXT[phase] for phase in FINAL)


def test_every_phase_can_end_and_completion_is_reached_by_finishing_only() -> None:
    for phase in set(Phase) - FINAL:
        assert NEXT[phase] & FINAL or phase is Phase.ROLLING_BACK
    assert [phase for phase in Phase if Phase.COMPLETED in NEXT[phase]] == [Phase.FINISHING]


def test_a_phase_that_may_be_cancelled_can_become_cancelled() -> None:
    assert all(Phase.CANCELLED in NEXT[phase] for phase in CANCELLABLE)
    assert Phase.CANCELLED not in NEXT[Phase.ACTIVATING] | NEXT[Phase.FINISHING]


def test_a_phase_tells_its_status() -> None:
    assert status_of(Phase.QUEUED) is Status.QUEUED
    assert status_of(Phase.WRITING) is Status.RUNNING
    assert status_of(Phase.CANCELLED) is Status.CANCELLED
