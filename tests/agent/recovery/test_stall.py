"""A run from which nothing comes is told of, and ended; one that shows any life is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashyard.agent.recovery.stall import DEADLINES, Deadline, Stall, signs_of
from flashyard.contract.faults import Code, fault
from flashyard.contract.phases import FINAL, Phase
from flashyard.flash.dfu.limits import DEFAULT_LIMITS as DFU_LIMITS
from flashyard.flash.fastboot.limits import DEFAULT_LIMITS
from flashyard.flash.running.contact import Patience
from flashyard.flash.running.run import Run
from flashyard.flash.target import Taken

WRITING = {Phase.WRITING: Deadline(10.0, 60.0)}


class Watched:
    """A stall watch whose clock is turned by hand."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.stall = Stall(lambda: self.now, WRITING)

    def after(self, seconds: float, signs: int = 0, **said: bool) -> str | None:
        self.now += seconds
        silence = self.stall.look(Phase.WRITING, signs, **said)
        assert silence is self.stall.silence
        return silence and silence.words

    @property
    def is_over(self) -> bool:
        return self.stall.silence is not None and self.stall.silence.is_too_long


def test_silence_is_told_after_its_time_and_again_after_twice_that() -> None:
    watched = Watched()
    assert watched.after(0.0) is None
    assert watched.after(9.9) is None
    assert watched.after(0.1) == "Nothing from the device for 10 s"
    assert watched.after(9.9) == "Nothing from the device for 10 s"
    assert watched.after(0.1) == "Nothing from the device for 20 s"
    assert watched.after(20.0) == "Nothing from the device for 40 s"
    assert not watched.is_over
    assert watched.after(20.0) == "Nothing from the device for 40 s"
    assert watched.is_over


def test_one_sign_of_life_ends_a_silence() -> None:
    watched = Watched()
    watched.after(0.0)
    assert watched.after(59.0) is not None
    assert watched.after(0.0, signs=1) is None
    assert watched.after(9.9, signs=1) is None


def test_a_run_that_waits_because_it_was_told_to_is_not_silent() -> None:
    watched = Watched()
    for _ in range(100):
        assert watched.after(30.0, waits=True) is None
    assert watched.after(9.9) is None
    assert watched.after(0.1) is not None


def test_where_nothing_is_said_of_a_phase_nothing_is_told() -> None:
    watched = Watched()
    watched.after(0.0)
    watched.now += 1e6
    assert watched.stall.look(Phase.SYNCING, 0) is None


def test_what_is_missing_while_preparing_is_the_image() -> None:
    now = [0.0]
    stall = Stall(lambda: now[0])
    stall.look(Phase.PREPARING, 0)
    now[0] = 10.0
    silence = stall.look(Phase.PREPARING, 0)
    assert silence is not None
    assert silence.words == "Nothing of the image for 10 s"


@pytest.mark.parametrize("phase", sorted(set(Phase) - FINAL - {Phase.QUEUED}))
def test_each_phase_that_does_something_has_a_deadline_that_is_told_before_it_ends(
    phase: Phase,
) -> None:
    assert 0 < DEADLINES[phase].say < DEADLINES[phase].give_up


def test_a_target_gives_up_after_a_silence_was_told_and_before_the_watch_does() -> None:
    fastboot, dfu, contact = DEFAULT_LIMITS, DFU_LIMITS, Patience()
    largest = 4 << 30  # the most that is sent at once
    own = {
        Phase.IDENTIFYING: [contact.mode, fastboot.question],
        Phase.ERASING: [fastboot.erase],
        Phase.WRITING: [fastboot.stall, fastboot.flash_wait(largest), dfu.block, contact.mode],
        Phase.FINISHING: [dfu.manifest],
    }
    for phase, waits in own.items():
        assert all(DEADLINES[phase].say < wait < DEADLINES[phase].give_up for wait in waits)


def test_a_medium_that_keeps_what_it_was_sent_may_take_minutes() -> None:
    assert DEADLINES[Phase.SYNCING].say >= 60


def test_a_silence_that_was_told_is_why_the_job_timed_out_whoever_gave_it_up() -> None:
    watched, silent = Watched(), fault(Code.DEVICE_SILENT, "No word from the device.")
    watched.after(0.0)
    watched.after(9.0)
    assert watched.stall.verdict(silent) is silent
    watched.after(14.0)
    why = watched.stall.verdict(silent)
    assert (why.code, why.sentence) == (Code.TIMED_OUT, "Nothing came from the device for 23 s.")
    assert why.details == silent.sentence
    refused = fault(Code.DEVICE_REFUSED)
    assert watched.stall.verdict(refused) is refused


def test_everything_a_run_does_is_a_sign_of_life() -> None:
    run = Run(("system",))
    seen = [signs_of(run, 0), signs_of(run, 1)]
    run.lines.add("INFO erasing")
    seen.append(signs_of(run, 1))
    run.wait(0.0)
    seen.append(signs_of(run, 1))
    run.count(0, Taken(wire=1, content=0), 0)
    seen.append(signs_of(run, 1))
    run.enter(Phase.PREPARING, "Fetching image (10 %)")
    seen.append(signs_of(run, 1))
    assert len(set(seen)) == len(seen)


@given(st.lists(st.tuples(st.floats(0, 40), st.booleans(), st.booleans()), max_size=60))
def test_it_is_told_exactly_where_there_was_no_sign_for_so_long(
    looks: list[tuple[float, bool, bool]],
) -> None:
    watched, signs = Watched(), 0
    watched.after(0.0)
    began = watched.now
    for passed, alive, waits in looks:
        signs += alive
        words = watched.after(passed, signs, waits=waits)
        began = watched.now if alive or waits else began
        silent = watched.now - began
        assert (words is not None) == (silent >= 10.0)
        assert watched.is_over == (silent >= 60.0)
