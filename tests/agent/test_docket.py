"""Whatever is asked of a device's jobs, and whenever its hub dies: no job is in a state of none."""

from __future__ import annotations

from itertools import product
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashyard.agent.docket import Docket
from flashyard.agent.queueing.queue import Queue
from flashyard.agent.queueing.turns import Turns
from flashyard.contract.faults import Code, FaultError, fault
from flashyard.contract.phases import CANCELLABLE, FINAL_STATUS, Phase, Status
from flashyard.flash.running.mark import Mark
from flashyard.flash.running.run import PausedError, Run
from support.told import Told

BEGUN = [phase for phase in Phase if phase in CANCELLABLE - {Phase.QUEUED}]
AFTER = [Phase.ACTIVATING, Phase.FINISHING]
Asked = Literal["cancel", "pause"]


def new_docket() -> Docket:
    return Docket(Queue(Turns(), lambda: 0), lambda: None)


def restored(told: Told, phase: Phase, mark: Mark | None, **said: object) -> tuple[Told, Docket]:
    """Bring a job back as another run of its hub does, from what was written down of it."""
    told.story.started()
    job = told.story.job.with_(phase=phase, **said)
    again, docket = Told(), new_docket()
    again.story.take_over(job, told.story.seq, mark)
    docket.restore(again.story)
    put_away(again, docket)
    return again, docket


def put_away(told: Told, docket: Docket) -> None:
    """Do what the agent does when the end of a job is told."""
    if told.story.job.is_final:
        docket.drop(told.story)


@pytest.mark.parametrize(
    ("phase", "marked", "asked", "status"),
    list(product(BEGUN, [None, *BEGUN, *AFTER], [None, "cancel", "pause"], ["running", "paused"])),
)
def test_from_wherever_its_hub_died_a_job_goes_on_stands_or_has_ended(
    phase: Phase, marked: Phase | None, asked: Asked | None, status: str
) -> None:
    mark = None if marked is None else Mark(phase=marked, bytes=(0,))
    told, _ = restored(Told(), phase, mark, requested=asked, status=Status(status))
    job = told.story.job
    if asked == "cancel":
        assert job.status is Status.CANCELLED
    elif marked in AFTER:
        assert (job.status, job.code) == (Status.FAILED, Code.INTERRUPTED)
    elif asked == "pause" or status == "paused":
        assert job.status is Status.PAUSED
    else:
        assert (job.status, job.phase) == (Status.RUNNING, Phase.PREPARING)
    assert job.requested is None


@pytest.mark.parametrize("phase", AFTER)
def test_a_job_whose_hub_died_past_the_last_safe_point_is_interrupted(phase: Phase) -> None:
    told, docket = restored(Told(), phase, Mark(phase=phase, bytes=(0,)))
    assert (told.story.job.status, told.story.job.code) == (Status.FAILED, Code.INTERRUPTED)
    assert not docket.next


WAY = [Phase.IDENTIFYING, Phase.WRITING, Phase.VERIFYING, Phase.ACTIVATING, Phase.FINISHING]
ACTS = st.sampled_from(["pause", "resume", "cancel", "fly", "fly", "fly", "die"])


class Device:
    """A device's docket and a writer that takes a step whenever it is told to fly."""

    def __init__(self) -> None:
        self.told = Told()
        self.docket = new_docket()
        self.told.story.queued(self.docket.queue.join(self.told.story))
        self.promised: set[str] = set()

    def do(self, act: str) -> None:
        story, docket = self.told.story, self.docket
        before = story.job
        if before.status in FINAL_STATUS:
            if act in {"fly", "die"}:
                assert docket.next is None
            return
        try:
            match act:
                case "pause":
                    docket.pause(story)
                case "resume":
                    docket.resume(story)
                case "cancel":
                    docket.cancel(story)
                    self.promised.add("an end")
                case "die":
                    self._die()
                case _:
                    self._fly()
        except FaultError as refusal:
            assert act in {"pause", "resume", "cancel"}
            assert refusal.fault.code is Code.ILLEGAL_STATE  # noqa: PT017 - any act may be refused
            assert story.job == before
        put_away(self.told, self.docket)

    def _fly(self) -> None:
        story, docket = self.told.story, self.docket
        if docket.run is None:
            if docket.next is None:
                return
            docket.begin(story, Run(("system",), since=story.mark))
            if not story.job.has_begun:
                story.started()
            return
        run = docket.run
        ahead = WAY[WAY.index(run.where.phase) + 1 :] if run.where.phase in WAY else WAY
        try:
            if not ahead:
                docket.land()
                story.complete()
                return
            run.enter(ahead[0], ahead[0].value)
        except PausedError:
            story.mark = run.mark
            docket.land()
            if story.job.requested == "pause":
                story.paused()
        except FaultError:
            docket.land()
            story.fail(fault(Code.CANCELLED), run.device_state)
        else:
            story.mark = run.mark
            story.job = story.job.with_(phase=run.where.phase)

    def _die(self) -> None:
        job, seq, mark = self.told.story.job, self.told.story.seq, self.told.story.mark
        self.told, self.docket = Told(), new_docket()
        self.told.story.take_over(job, seq, mark)
        self.docket.restore(self.told.story)


@given(st.lists(ACTS, max_size=25))
def test_what_was_promised_comes_true_and_an_end_stays_as_it_is(acts: list[str]) -> None:
    device = Device()
    end = None
    for act in acts:
        device.do(act)
        job = device.told.story.job
        if job.status in FINAL_STATUS:
            end = end or job
            assert job == end
        if job.status is Status.PAUSED:
            assert job.requested is None
            assert device.docket.next is None
    for act in ["resume", *["fly"] * 12]:
        device.do(act)
    job = device.told.story.job
    assert job.status in FINAL_STATUS
    assert end in {None, job}
    if "an end" in device.promised:
        assert job.status is Status.CANCELLED
