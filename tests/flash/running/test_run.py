from __future__ import annotations

from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashyard.contract.faults import Code, FaultError
from flashyard.contract.phases import CANCELLABLE, IllegalMoveError, Phase
from flashyard.flash.running.run import PausedError, Run
from flashyard.flash.target import Taken
from support.faults import refused

WAY = (Phase.IDENTIFYING, Phase.ERASING, Phase.WRITING, Phase.ACTIVATING, Phase.FINISHING)


def test_every_change_of_phase_or_stage_is_seen_as_one_new_value() -> None:
    run = Run(("system",))
    before = run.where
    run.enter(Phase.IDENTIFYING, "Connecting")
    run.enter(Phase.IDENTIFYING, "Identifying")
    assert before.phase is Phase.PREPARING
    assert run.where.stage == "Identifying"
    assert run.where.revision == before.revision + 2


def test_no_phase_is_entered_that_the_one_before_does_not_lead_to() -> None:
    run = Run(("system",))
    with pytest.raises(IllegalMoveError):
        run.enter(Phase.FINISHING, "Finalizing")
    assert run.where.phase is Phase.PREPARING


@pytest.mark.parametrize("reached", range(len(WAY)))
def test_a_cancel_is_taken_until_the_device_is_told_to_use_what_was_written(reached: int) -> None:
    run = Run(("system",))
    for phase in WAY[: reached + 1]:
        run.enter(phase, phase.value)
    taken = run.cancel()
    assert taken is (WAY[reached] in CANCELLABLE)
    if taken:
        with refused(Code.CANCELLED):
            run.safe_point()
        with refused(Code.CANCELLED):
            run.enter(WAY[reached + 1], "too far")
        assert run.where.phase is WAY[reached]
    else:
        run.enter(run.where.phase, "goes on")


def test_a_cancel_that_races_the_last_step_is_either_heeded_or_refused() -> None:
    for _ in range(200):
        run = Run(("system",))
        answers: list[bool] = []
        run.enter(Phase.IDENTIFYING, "")
        run.enter(Phase.WRITING, "")
        racer = Thread(target=lambda run=run, answers=answers: answers.append(run.cancel()))
        racer.start()
        if run.is_cancelled:
            racer.join()
            assert answers == [True]
            continue
        try:
            run.enter(Phase.FINISHING, "")
            went_on = True
        except FaultError:
            went_on = False
        racer.join()
        assert answers == [not went_on]


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 100), st.integers(0, 1000))))
def test_content_never_falls_and_is_the_sum_of_the_steps(moves: list[tuple[int, int, int]]) -> None:
    run, highest, wire = Run(("boot", "system")), [0, 0], 0
    for step, sent, position in moves:
        before = run.content
        run.count(step, Taken(sent, 0), position)
        highest[step] = max(highest[step], position)
        wire += sent
        assert run.content >= before
    assert [step.bytes for step in run.steps] == highest
    assert (run.content, run.wire) == (sum(highest), wire)


def test_every_place_a_run_came_to_can_be_told_later() -> None:
    run = Run(("system",))
    for phase in WAY:
        run.enter(phase, phase.value)
    assert [where.phase for where in run.turns(after=-1)] == [Phase.PREPARING, *WAY]
    assert [where.phase for where in run.turns(after=3)] == [Phase.ACTIVATING, Phase.FINISHING]
    assert run.turns(after=run.where.revision) == []


def test_what_is_taken_back_while_a_phase_is_entered_waits_for_that() -> None:
    run = Run(("system",))
    run.pause()
    racer = Thread(target=run.go_on)
    with run._turn:  # as whoever enters a phase has it
        racer.start()
        racer.join(0.05)
        with pytest.raises(PausedError):
            run.safe_point()
    racer.join()
    run.safe_point()
