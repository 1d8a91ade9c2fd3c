"""When something is said of a running job."""

from __future__ import annotations

import pytest

from flashyard.agent.sampler import Sampler, Word
from flashyard.contract.phases import Phase
from flashyard.flash.running.run import Run
from flashyard.flash.target import Taken

TOTAL = 100_000


class Watched:
    """A run, its sampler and the time."""

    def __init__(self) -> None:
        self.now = 0.0
        self.run = Run(("system",), clock=lambda: self.now)
        self.sampler = Sampler(self.run, TOTAL, 0.5, lambda: self.now)

    def after(self, seconds: float, taken: int = 0) -> Word:
        self.now += seconds
        if taken:
            self.run.count(0, Taken(taken, taken), self.run.content + taken)
        return self.sampler.look().word


@pytest.fixture
def watched() -> Watched:
    watched = Watched()
    assert watched.after(0.1) is Word.EVENT, "the first progress is an event"
    return watched


def test_a_new_phase_or_stage_is_an_event_at_once(watched: Watched) -> None:
    watched.run.enter(Phase.PREPARING, "Fetching image (10 %)")
    assert watched.after(0.01) is Word.EVENT
    watched.run.enter(Phase.IDENTIFYING, "Identifying")
    assert watched.after(0.01) is Word.EVENT
    assert watched.after(0.01) is Word.NOTHING


def test_changed_progress_is_told_at_its_interval(watched: Watched) -> None:
    assert watched.after(0.3, taken=1000) is Word.NOTHING
    assert watched.after(0.3, taken=1000) is Word.SAMPLE
    assert watched.after(0.4, taken=1000) is Word.NOTHING
    assert watched.after(0.1) is Word.SAMPLE


def test_an_event_counts_as_a_sample(watched: Watched) -> None:
    watched.run.enter(Phase.IDENTIFYING, "Identifying")
    assert watched.after(0.4, taken=1000) is Word.EVENT
    assert watched.after(0.4, taken=1000) is Word.NOTHING
    assert watched.after(0.1) is Word.SAMPLE


def test_unchanged_progress_is_repeated_now_and_then(watched: Watched) -> None:
    words = [watched.after(0.1) for _ in range(110)]
    assert words.count(Word.SAMPLE) == 2
    assert words.count(Word.EVENT) == 0


def test_a_stall_is_told_until_the_speed_is_zero(watched: Watched) -> None:
    assert watched.after(0.5, taken=50_000) is Word.SAMPLE
    speeds = [watched.sampler.look().reading.speed]
    while speeds[-1]:
        watched.after(0.5)
        speeds.append(watched.sampler.look().reading.speed)
    assert speeds == sorted(speeds, reverse=True)
    assert watched.now < 4.0


def test_a_phase_is_told_however_short_it_was(watched: Watched) -> None:
    for phase in (Phase.IDENTIFYING, Phase.ERASING, Phase.WRITING):
        watched.run.enter(phase, phase.value)
    look = watched.sampler.look()
    assert [where.phase for where, _ in look.passed] == [Phase.IDENTIFYING, Phase.ERASING]
    assert (look.where.phase, look.word) == (Phase.WRITING, Word.EVENT)
    assert watched.sampler.look().passed == ()


def test_a_phase_told_later_is_told_as_far_as_it_was_and_when(watched: Watched) -> None:
    began = watched.now
    for phase in (Phase.IDENTIFYING, Phase.WRITING, Phase.FINISHING):
        watched.run.enter(phase, phase.value)
        watched.now += 1.0
        watched.run.count(0, Taken(TOTAL // 4, TOTAL // 4), watched.run.content + TOTAL // 4)
    look = watched.sampler.look()
    told = [(where.at - began, reading.progress, reading.bytes) for where, reading in look.passed]
    assert told == [(0.0, 0.0, 0), (1.0, 25.0, TOTAL // 4)]
    assert look.reading.progress == 75.0


def test_a_way_back_counts_no_time_left_of_a_job_that_will_not_complete(watched: Watched) -> None:
    watched.run.enter(Phase.IDENTIFYING, "Identifying")
    watched.run.enter(Phase.WRITING, "Flashing system partition", step=0)
    watched.after(1, taken=1000)
    assert watched.sampler.look().reading.eta > 0
    watched.run.turn_back("Rolling back: looking for the device")
    watched.run.enter(Phase.ROLLING_BACK, "Rolling back: identifying the device")
    watched.now += 0.1
    look = watched.sampler.look()
    assert [reading.eta for _, reading in look.passed] == [0]
    assert look.reading.eta == 0
