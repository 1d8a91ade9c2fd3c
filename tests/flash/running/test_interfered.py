"""Cancel, pause, resume and kill at every moment of a run, and as many of them as one likes."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from threading import Event
from typing import Literal, TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flashyard.contract.faults import Code, FaultError
from flashyard.contract.phases import CANCELLABLE, FINAL, Phase
from flashyard.flash.running.mark import Mark
from flashyard.flash.running.recipe import Recipe, Step
from flashyard.flash.running.run import PausedError, Run
from flashyard.flash.running.writer import write
from flashyard.flash.target import Capability
from support.mark_shelf import KilledError
from support.paper_phone import PaperImage, PaperPhone

Act: TypeAlias = Literal["cancel", "pause", "go on", "kill"]
ACTS: tuple[Act, ...] = ("cancel", "pause", "go on", "kill")
PART = 4096
BOOT, SYSTEM = PaperImage(b"boot" * 1500), PaperImage(b"the system is" * 1300)
PHONE = frozenset(
    {
        Capability.ERASE,
        Capability.ACTIVATE,
        Capability.REBOOT,
        Capability.BREAK_OFF,
        Capability.TAKES_UP,
    }
)
DISK = frozenset(
    {
        Capability.WRITES_AS_SENT,
        Capability.TAKES_UP,
        Capability.SYNC,
        Capability.READ_BACK,
        Capability.INERT,
    }
)
KINDS = {
    "phone": PHONE,
    "phone that cannot break off": PHONE - {Capability.BREAK_OFF},
    "phone that begins partitions anew": PHONE - {Capability.TAKES_UP},
    "disk": DISK,
}


class Job:
    """One job as its hub leads it: flight after flight, from mark to mark, until it has ended.

    ``acts``: at the nth moment, that. ``end``: once it has one.
    """

    def __init__(self, kind: str, acts: dict[int, list[Act]], *, patience: float = 0.0) -> None:
        is_disk = kind == "disk"
        self.images = {"disk": SYSTEM} if is_disk else {"boot": BOOT, "system": SYSTEM}
        self.phone = PaperPhone(KINDS[kind], self._moment)
        self.recipe = Recipe(
            steps=tuple(Step(name, image) for name, image in self.images.items()),
            erase=not is_disk,
            read_back=is_disk,
            slot="active" if is_disk else "b",
            part_size=PART,
        )
        self.end: Phase | None = None
        self.moments = 0
        self.flights = 0
        self.told = 0  # bytes, as the job tells them: a high-water mark
        self.asked_to_end = False
        self.refused = 0
        self._acts = acts
        self._patience = patience
        self._now = 0.0
        self._kept: Mark | None = None
        self._run: Run

    def live(self) -> None:
        since: Mark | None = None
        while self.end is None:
            assert self.flights <= 1 + sum(map(len, self._acts.values())), "it makes no headway"
            self.flights += 1
            partitions = tuple(step.partition for step in self.recipe.steps)
            self._run = Run(partitions, clock=lambda: self._now, keep=self._keep, since=since)
            assert self._run.content >= sum(since.bytes if since else ())
            try:
                write(self.phone.open, replace(self.recipe, since=since), self._run)
            except PausedError:
                assert not self.asked_to_end
                since = self._run.mark
                assert since.can_be_taken_up
            except KilledError:
                since = self._kept
                if since is not None and not since.can_be_taken_up:
                    self._over(Phase.FAILED)
                elif self.asked_to_end:  # that is in the journal as well
                    self._over(Phase.CANCELLED)
            except FaultError as why:
                is_asked = why.fault.code is Code.CANCELLED and self.asked_to_end
                assert is_asked, why  # noqa: PT017 - nothing else may go wrong here
                self._over(Phase.CANCELLED)
            else:
                self._over(Phase.COMPLETED)

    @property
    def is_whole(self) -> bool:
        """Is on the device, byte for byte, what should be?"""
        return all(
            self.phone.content.get(name if name == "disk" else f"{name}_b") == bytearray(image.data)
            for name, image in self.images.items()
        )

    def _over(self, end: Phase) -> None:
        assert self.end is None
        self.end = end

    def _keep(self, mark: Mark) -> Event:
        self._moment()
        self._kept = mark
        self._moment()
        kept = Event()
        kept.set()
        return kept

    def _moment(self) -> None:
        self.told = max(self.told, self._run.content)
        self._now += self._patience
        self.moments += 1
        for act in self._acts.get(self.moments, ()):
            match act:
                case "cancel":
                    self._note(self._run.cancel())
                    self.asked_to_end = self.asked_to_end or self._run.is_cancelled
                case "pause":
                    self._note(self._run.pause())
                case "go on":
                    self._run.go_on()
                case "kill":
                    raise KilledError

    def _note(self, is_taken: bool) -> None:  # noqa: FBT001 - what a run answered
        self.refused += not is_taken
        assert is_taken == (self._run.where.phase in CANCELLABLE)


def check(job: Job, acts: dict[int, list[Act]]) -> None:
    done = [act for each in acts.values() for act in each]
    assert job.end in FINAL
    if job.asked_to_end:
        assert job.end is not Phase.COMPLETED
    if "kill" not in done:
        assert (job.end is Phase.CANCELLED) == job.asked_to_end
    if job.end is Phase.COMPLETED:
        assert job.is_whole
        size = sum(image.content_size for image in job.images.values())
        assert job.told == size
        assert job.phone.restarts <= 1
        if Capability.TAKES_UP in job.phone.capabilities:
            assert job.phone.wire <= size + PART * (job.flights - 1)
    if job.end is Phase.FAILED:
        assert "kill" in done


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("act", ACTS)
def test_one_of_them_at_each_moment_of_a_job(kind: str, act: Act) -> None:
    for at in count(1):
        job = Job(kind, {at: [act]})
        job.live()
        check(job, {at: [act]})
        if job.moments < at:
            break
        goes_on = act in {"pause", "kill"} and not job.refused and job.end is not Phase.FAILED
        assert job.flights == 1 + goes_on
    assert job.end is Phase.COMPLETED
    assert at > 20


def some(moments: int) -> st.SearchStrategy[dict[int, list[Act]]]:
    acts = st.lists(st.sampled_from(ACTS), min_size=1, max_size=3)
    return st.dictionaries(st.integers(1, moments), acts, max_size=8)


@given(st.sampled_from(sorted(KINDS)), some(140), st.sampled_from([0.0, 2.0]))
@settings(max_examples=400, deadline=None)
def test_many_of_them_at_any_moments_of_a_job(
    kind: str, acts: dict[int, list[Act]], patience: float
) -> None:
    job = Job(kind, acts, patience=patience)
    job.live()
    check(job, acts)
