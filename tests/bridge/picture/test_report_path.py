"""Whatever the network does between hub and bridge, every browser hears a true story in order."""

from __future__ import annotations

from collections import deque

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from flashyard.contract.faults import Code
from flashyard.contract.messages import FlashProgress, decode_report
from flashyard.contract.phases import Phase, Status
from flashyard.contract.rollback import Outcome, Rollback
from flashyard.contract.topics import Kind, parse
from flashyard_bridge.picture.fleet import Fleet
from support.hub_script import TOTAL, HubScript, Published, is_retained
from support.watcher import Watcher

MOMENT = 100  # ms a step takes
WIRES = (Kind.EVENT, Kind.PROGRESS, Kind.DEVICE, Kind.RECORD, Kind.PRESENCE)


class ReportPath(RuleBasedStateMachine):
    """A hub tells the truth; topics are overtaken, doubled and lost; bridges come and go."""

    def __init__(self) -> None:
        super().__init__()
        self.hub = HubScript()
        self.steady = 0.0
        self.retained: dict[str, Published] = {}
        self.wires: dict[Kind, deque[Published]] = {}
        self.all_watchers: list[Watcher] = []
        self.jobs = 0
        self.rollbacks: dict[str, Rollback] = {}  # of the jobs that had one and failed
        self._new_bridge()

    # The bridge

    def _new_bridge(self) -> None:
        self.farthest: dict[str, int] = {}  # bytes, as this bridge told over REST
        self.fleet = Fleet(lambda: self.hub.now, lambda: self.steady, lost_after=600)
        self.watchers: list[Watcher] = []
        self.wires = {kind: deque() for kind in Kind}
        self.fleet.link_up(self.hub.now)
        for published in list(self.retained.values()):
            self._receive(published, retained=True)
        self.steady += 4
        self._say(self.hub.presence(announced=self.hub.now))
        self._receive(self.wires[Kind.PRESENCE].popleft())

    def _receive(self, published: Published, *, retained: bool = False) -> None:
        topic = parse(str(published.topic))
        report = decode_report(topic.kind, published.payload)
        frames = self.fleet.report(topic, report, published.payload, retained=retained)
        for watcher in self.watchers:
            watcher.hear(frames)

    def _say(self, *said: Published) -> None:
        for published in said:
            if is_retained(published):
                self.retained[str(published.topic)] = published
            self.wires[published.topic.kind].append(published)
        self.hub.now += MOMENT
        self.steady += MOMENT / 1000

    @initialize()
    def begin(self) -> None:
        self._say(self.hub.record())

    # What the hub does

    @rule()
    def a_job_is_asked_for(self) -> None:
        if self.jobs >= 6:
            return
        self.jobs += 1
        job_id = f"job_1703001234_abc{self.jobs:03}"
        if self.hub.current is None and not self.hub.waiting:
            self._say(*self.hub.start(job_id))
        else:
            self._say(*self.hub.queue(job_id))

    def _waiting(self, status: Status) -> list[str]:
        return [job.job_id for job in self.hub.waiting if job.status is status]

    @precondition(lambda self: self.hub.current is None and self._waiting(Status.QUEUED))
    @rule()
    def the_next_job_starts(self) -> None:
        """Those that are held are passed."""
        self._say(*self.hub.start(self._waiting(Status.QUEUED)[0]))

    @precondition(lambda self: self._waiting(Status.QUEUED))
    @rule()
    def a_waiting_job_is_held(self) -> None:
        self._say(*self.hub.hold(self._waiting(Status.QUEUED)[-1]))

    @precondition(lambda self: self._waiting(Status.PAUSED))
    @rule()
    def a_held_job_is_let_go(self) -> None:
        self._say(*self.hub.let_go(self._waiting(Status.PAUSED)[0]))

    def _running(self) -> bool:
        return self.hub.current is not None and self.hub.current.status is Status.RUNNING

    @precondition(_running)
    @rule(more=st.integers(0, TOTAL // 4))
    def bytes_are_written(self, more: int) -> None:
        assert self.hub.current is not None
        self._say(self.hub.sample(min(self.hub.current.bytes_transferred + more, TOTAL)))

    @precondition(_running)
    @rule(more=st.integers(0, TOTAL // 4))
    def the_phase_changes(self, more: int) -> None:
        assert self.hub.current is not None
        done = min(self.hub.current.bytes_transferred + more, TOTAL)
        self._say(*self.hub.phase(Phase.WRITING, "Flashing system partition", done))

    @precondition(_running)
    @rule()
    def it_is_paused(self) -> None:
        self._say(*self.hub.pause())

    @precondition(lambda self: self.hub.current and self.hub.current.status is Status.PAUSED)
    @rule()
    def it_is_resumed(self) -> None:
        """What was written is looked at again, from the beginning."""
        self._say(*self.hub.resume(), *self.hub.begin_again())

    @precondition(_running)
    @rule()
    def it_completes(self) -> None:
        self._say(*self.hub.complete())

    @precondition(lambda self: self.hub.current)
    @rule(code=st.sampled_from([Code.CANCELLED, Code.LINK_LOST]))
    def it_fails(self, code: Code) -> None:
        self._say(*self.hub.fail(code))

    @precondition(_running)
    @rule(outcome=st.sampled_from(["rolled_back", "failed", "not_possible"]))
    def it_is_rolled_back_and_has_failed(self, outcome: Outcome) -> None:
        assert self.hub.current is not None
        done = self.hub.current.bytes_transferred
        self._say(*self.hub.plan_rollback())
        self._say(*self.hub.phase(Phase.ROLLING_BACK, "Going back to the other slot", done))
        how = self.rollbacks[self.hub.current.job_id] = Rollback(kind="slot", outcome=outcome)
        self._say(*self.hub.fail(Code.DEVICE_REFUSED, rollback=how))

    @precondition(lambda self: self.hub.waiting)
    @rule()
    def a_waiting_job_is_cancelled(self) -> None:
        self._say(*self.hub.fail(Code.CANCELLED, self.hub.waiting[-1].job_id))

    @rule()
    def the_hub_is_restarted(self) -> None:
        self.hub.die_and_return()
        self._say(self.hub.presence(since=self.hub.now), self.hub.record())

    @rule(safe=st.integers(0, TOTAL))
    def the_hub_is_killed_and_goes_on(self, safe: int) -> None:
        """Its journal has every job; the running one goes back to its last safe point."""
        self._say(self.hub.presence(online=False))
        self.hub.die_and_go_on(safe)
        self._say(self.hub.presence(since=self.hub.now), self.hub.record())
        if self._running():
            self._say(*self.hub.begin_again())

    # What the network does

    @rule(kind=st.sampled_from(WIRES))
    def a_message_arrives(self, kind: Kind) -> None:
        self._arrive(kind)

    @rule()
    def a_stranger_speaks_of_jobs(self) -> None:
        """Somebody whose presence nobody knows: nothing of it may be shown for ever."""
        stranger = HubScript(hub_id="stranger")
        for published in stranger.start("job_1703001234_zzz999"):
            self._receive(published)

    def _arrive(self, kind: Kind) -> None:
        if self.wires[kind]:
            self._receive(self.wires[kind].popleft())

    @rule(kind=st.sampled_from(WIRES))
    def a_message_arrives_twice(self, kind: Kind) -> None:
        if self.wires[kind]:
            self._receive(self.wires[kind][0])
            self._receive(self.wires[kind].popleft())

    @rule(kind=st.sampled_from(WIRES))
    def a_message_is_lost(self, kind: Kind) -> None:
        if self.wires[kind]:
            self.wires[kind].popleft()

    # Who watches

    @rule()
    def a_browser_connects(self) -> None:
        assert self.fleet.complete
        watcher = Watcher()
        watcher.join(self.fleet.snapshot())
        self.watchers.append(watcher)
        self.all_watchers.append(watcher)

    @rule()
    def the_bridge_is_restarted(self) -> None:
        self._new_bridge()

    @rule()
    def the_hub_is_silent_for_a_while(self) -> None:
        """A broken link: its will, and then everything that is true."""
        offline = self.hub.presence(online=False)
        self._say(offline)
        self._say(self.hub.presence(), self.hub.record())

    @rule()
    def the_hub_is_given_up_and_comes_back(self) -> None:
        self._say(self.hub.presence(online=False))
        while self.wires[Kind.PRESENCE]:
            self._arrive(Kind.PRESENCE)
        self.steady += 601
        frames = self.fleet.tick()
        for watcher in self.watchers:
            watcher.hear(frames)
        assert not [job for job in self.fleet.jobs() if job.is_active]
        self._say(self.hub.presence(), self.hub.record())

    @invariant()
    def every_story_is_in_order(self) -> None:
        for watcher in self.all_watchers:
            assert watcher.complaints() == []

    @invariant()
    def bytes_never_fall(self) -> None:
        for job in self.fleet.jobs():
            assert job.bytes_transferred >= self.farthest.get(job.job_id, 0)
            self.farthest[job.job_id] = job.bytes_transferred

    @invariant()
    def a_new_browser_is_told_what_rest_tells(self) -> None:
        newest = Watcher()
        newest.join(self.fleet.snapshot())
        assert newest.complaints() == []
        for job in self.fleet.jobs():
            told = [m for m in newest.seen.get(job.job_id, ()) if isinstance(m, FlashProgress)]
            if job.is_active and told:
                assert told[-1].progress == job.progress
                assert told[-1].stage == job.stage
            if job.is_active and job.progress > 0 and newest.seen.get(job.job_id):
                assert told
            if job.is_active and newest.seen.get(job.job_id):
                assert newest.stands(job.job_id) == (job.status is Status.PAUSED)

    def teardown(self) -> None:
        """When all has arrived, every job that ended was seen to end once by who saw it begin."""
        self._say(self.hub.presence(), self.hub.record())
        for kind in (Kind.PRESENCE, Kind.EVENT, Kind.PROGRESS, Kind.DEVICE, Kind.RECORD):
            while self.wires[kind]:
                self._arrive(kind)
        self.every_story_is_in_order()
        active = {job.job_id for job in self.fleet.jobs() if job.is_active}
        true = {job.job_id for job in self.hub.waiting} | (
            {self.hub.current.job_id} if self.hub.current else set()
        )
        assert active == true
        for truth in [*self.hub.waiting, *([self.hub.current] if self.hub.current else [])]:
            shown = self.fleet.job(truth.job_id)
            assert shown is not None
            assert (shown.status, shown.phase) == (truth.status, truth.phase)
            assert (shown.stage, shown.lost) == (truth.stage, None)
            assert shown.bytes_transferred >= truth.bytes_transferred
        for watcher in self.watchers:
            for job_id in watcher.seen:
                if job_id not in watcher.barred:
                    assert watcher.ends(job_id) == (job_id not in active)
                    job = self.fleet.job(job_id)
                    if job is not None and job.is_active:
                        assert watcher.stands(job_id) == (job.status is Status.PAUSED)
        for job in self.fleet.jobs():
            if job.status is Status.COMPLETED:
                assert job.progress == 100.0
            if job.job_id in self.rollbacks and job.code is Code.DEVICE_REFUSED:
                assert job.rollback == self.rollbacks[job.job_id]


TestReportPath = ReportPath.TestCase
TestReportPath.settings = settings(
    max_examples=300,
    stateful_step_count=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
