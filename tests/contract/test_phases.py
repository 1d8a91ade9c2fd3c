"""Phases: a closed set, moved by one function, asked by sets."""

from __future__ import annotations

from contextlib import suppress
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

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

# From the row's phase to the column's. What docs/jobs.md draws is made from the table itself; this
# one is written by hand, so that a change of either is seen.
TABLE = """
               qu pr id er wr sy ve ac fi rb co fa ca
queued         .  x  .  .  .  .  .  .  .  .  .  x  x
preparing      .  .  x  .  .  .  .  .  .  .  .  x  x
identifying    .  x  .  x  x  .  .  x  x  x  .  x  x
erasing        .  x  .  .  x  .  .  x  x  x  .  x  x
writing        .  x  .  x  x  x  x  x  x  x  .  x  x
syncing        .  x  .  x  x  .  x  x  x  x  .  x  x
verifying      .  x  .  x  x  .  .  x  x  x  .  x  x
activating     .  .  .  .  .  .  .  .  x  x  .  x  .
finishing      .  .  .  .  .  .  .  .  .  x  x  x  .
rolling_back   .  .  .  .  .  .  .  .  .  .  .  x  x
completed      .  .  .  .  .  .  .  .  .  .  .  .  .
failed         .  .  .  .  .  .  .  .  .  .  .  .  .
cancelled      .  .  .  .  .  .  .  .  .  .  .  .  .
"""


def _allowed() -> set[tuple[Phase, Phase]]:
    rows = [line.split() for line in TABLE.strip().splitlines()[1:]]
    assert [row[0] for row in rows] == list(Phase)
    return {
        (Phase(name), there)
        for name, *marks in rows
        for there, mark in zip(Phase, marks, strict=True)
        if mark == "x"
    }


@pytest.mark.parametrize(("here", "there"), list(product(Phase, Phase)))
def test_a_job_moves_as_the_table_says_and_no_other_way(here: Phase, there: Phase) -> None:
    assert (there in NEXT[here]) == ((here, there) in _allowed())


@given(st.lists(st.sampled_from(Phase), max_size=40))
def test_a_job_that_ended_stays_so_whatever_is_tried(wishes: list[Phase]) -> None:
    here, ended = Phase.QUEUED, None
    for wish in wishes:
        with suppress(IllegalMoveError):
            here = move(here, wish)
        ended = ended or (here if here in FINAL else None)
        assert ended in {None, here}


def test_from_wherever_a_job_is_it_can_come_to_an_end_and_wherever_it_may_be_it_can_get() -> None:
    for phase in set(Phase) - FINAL:
        assert _reached(phase) & FINAL
    assert _reached(Phase.QUEUED) == set(Phase) - {Phase.QUEUED}


def test_from_where_a_device_is_told_to_use_what_was_written_nothing_is_cancelled() -> None:
    assert {
        "queued",
        "preparing",
        "identifying",
        "erasing",
        "writing",
        "syncing",
        "verifying",
    } == CANCELLABLE
    # Going back is nobody's to stop; it ends as cancelled only where that was asked before.
    assert _reached(Phase.ACTIVATING) & CANCELLABLE == set()


def _reached(start: Phase) -> set[Phase]:
    reached: set[Phase] = set()
    todo = [start]
    while todo:
        found = NEXT[todo.pop()] - reached
        reached |= found
        todo += found
    return reached


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
