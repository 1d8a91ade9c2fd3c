"""Whatever happens between a hub and a history, each record is kept, acknowledged, or counted."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Coroutine
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from flashyard.agent.journal import unrecorded
from flashyard.agent.records.window import SIZE
from flashyard.contract.records import Unrecorded
from support.ended_jobs import EndedJobs
from support.facts import START

MOST = 40  # records
LONGEST = 20  # ticks
T = TypeVar("T")
WHICH = st.lists(st.integers(0, 99), min_size=1, max_size=6)


class Records(RuleBasedStateMachine):
    """Jobs end, histories answer, links break, hubs die, and clocks are set."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory(dir=_memory())
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(unrecorded, "MOST", MOST)
        self.patch.setattr(unrecorded, "LONGEST", LONGEST)
        self.hub = EndedJobs(Path(self.folder.name))
        self.came = 0
        self.ended: set[int] = set()
        self.acknowledged: set[int] = set()

    def run(self, doing: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(doing)

    def teardown(self) -> None:
        self.run(self.hub.stop())
        self.runner.close()
        self.patch.undo()
        self.folder.cleanup()

    @initialize()
    def begin(self) -> None:
        self.run(self.hub.begin())

    @rule(jobs=st.integers(1, 24))
    def end(self, jobs: int) -> None:
        self._end(*range(self.came, self.came + jobs))
        self.run(self.hub.settle())

    @rule(jobs=st.integers(1, 5))
    def end_in_vain(self, jobs: int) -> None:
        """What was not written down by then has not happened: those jobs go on."""
        numbers = range(self.came, self.came + jobs)
        self.run(self.hub.kill(partial(self._end, *numbers)))
        assert not set(numbers) & set(self.run(self.hub.waiting()))

    @precondition(lambda self: self.ended)
    @rule(which=WHICH)
    def end_again(self, which: list[int]) -> None:
        """An end that was written is the job's, whoever finds it ended once more."""
        known = sorted(self.ended)
        self._end(*(known[each % len(known)] for each in which))
        self.run(self.hub.settle())

    @precondition(lambda self: self.hub.sent)
    @rule(which=WHICH, times=st.integers(1, 2))
    def acknowledge(self, which: list[int], times: int) -> None:
        numbers = [self.hub.sent[each % len(self.hub.sent)][0] for each in which]
        for _ in range(times):
            self._acknowledge(*numbers)

    @precondition(lambda self: self.hub.ends)
    @rule(which=WHICH)
    def acknowledge_late(self, which: list[int]) -> None:
        """What an earlier process of the hub has sent is acknowledged to this one."""
        self._acknowledge(*(self.hub.ends[each % len(self.hub.ends)] for each in which))

    @rule(which=WHICH)
    def acknowledge_others(self, which: list[int]) -> None:
        self._acknowledge(*(900_000 + each for each in which))

    @rule()
    def connect(self) -> None:
        self.run(self.hub.connect())

    @rule()
    def disconnect(self) -> None:
        self.hub.disconnect()

    @rule()
    def kill(self) -> None:
        self.run(self.hub.kill())

    @precondition(lambda self: self.hub.sent)
    @rule(which=WHICH)
    def acknowledge_in_vain(self, which: list[int]) -> None:
        """What it did not write down of that waits on, and is told again."""
        before = self.run(self.hub.waiting())
        numbers = [self.hub.sent[each % len(self.hub.sent)][0] for each in which]
        self.run(self.hub.kill(lambda: self.hub.acknowledge(*numbers)))
        assert self.run(self.hub.waiting()) == before

    @rule(seconds=st.sampled_from([0.1, 1, 5, 11, 60, 300, 700]))
    def pass_time(self, seconds: float) -> None:
        self.run(self.hub.pass_time(seconds))

    @precondition(lambda self: self.hub.is_up)
    @rule()
    def look_at_presence(self) -> None:
        """What has been waiting for a while is told as it is."""
        self.run(self.hub.pass_time(11))
        waiting, lost = self.run(self.hub.waiting()), self.run(self.hub.lost())
        told = self.hub.told or Unrecorded(waiting=0)
        since = START + waiting[0] if waiting else None
        assert told == Unrecorded(waiting=len(waiting), since=since, lost=lost)

    def _end(self, *numbers: int) -> None:
        for number in numbers:
            self.hub.end(number)
        self.came = max(self.came, max(numbers) + 1)

    def _acknowledge(self, *numbers: int) -> None:
        waiting = self.run(self.hub.waiting())
        self.acknowledged.update(set(numbers) & set(waiting))
        self.hub.acknowledge(*numbers)
        self.run(self.hub.settle())

    @invariant()
    def each_end_is_acknowledged_waits_or_is_counted(self) -> None:
        waiting, lost = self.run(self.hub.waiting()), self.run(self.hub.lost())
        assert len(waiting) == len(set(waiting)) <= MOST
        assert not self.acknowledged & set(waiting)
        self.ended |= set(self.hub.ends) | set(waiting)
        assert len(self.ended) == len(self.acknowledged | set(waiting)) + lost

    @invariant()
    def the_oldest_go_first_and_no_more_than_so_many_at_once(self) -> None:
        assert len(self.hub.repeater._window) <= SIZE
        first = list(dict.fromkeys(number for number, _ in self.hub.sent))
        assert first == sorted(first)

    @invariant()
    def nothing_is_repeated_too_soon(self) -> None:
        last: dict[int, float] = {}
        for number, at in self.hub.sent:
            assert at - last.get(number, -100.0) >= 5.0
            last[number] = at


def _memory() -> str | None:
    """Where files cost no disk: nobody pulls a plug here."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108


class LongRecords(Records):
    """The same, for longer."""


TestRecords = Records.TestCase
TestRecords.settings = settings(max_examples=20, stateful_step_count=25, deadline=None)
TestLongRecords = pytest.mark.long(LongRecords.TestCase)
TestLongRecords.settings = settings(max_examples=150, stateful_step_count=50, deadline=None)
