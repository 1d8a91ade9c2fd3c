"""Whatever is lost, late or doubled of what a hub says: in the end everybody knows what is true.

`test_report_path.py` walks at random through all that can happen; here every word of one device
has its fate, so that what is rare there is common.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Literal, TypeAlias

from hypothesis import given, settings
from hypothesis import strategies as st

from flashyard.contract.faults import Code
from flashyard.contract.messages import decode_report
from flashyard.contract.phases import Phase, Status
from flashyard.contract.rollback import Rollback
from flashyard.contract.topics import Kind, parse
from flashyard.contract.tracked import Frame
from flashyard_bridge.picture.fleet import Fleet
from support.hub_script import TOTAL, HubScript, Published
from support.watcher import Watcher

Fate: TypeAlias = Literal["comes", "is late", "is lost", "comes twice"]
FATES: tuple[Fate, ...] = ("comes", "comes", "is late", "is lost", "is lost", "comes twice")
Said = Iterable[Published]
PLAN = Rollback(kind="slot")


class Network:
    """Carries what is said to one bridge; in order on each topic, and on no two of them."""

    def __init__(self, hub: HubScript) -> None:
        self.hub = hub
        self.steady = 0.0
        self.fleet = Fleet(lambda: hub.now, lambda: self.steady, lost_after=600)
        self.watchers: list[Watcher] = []
        self._late: dict[Kind, deque[Published]] = {kind: deque() for kind in Kind}
        self._farthest: dict[str, int] = {}
        self._samples: set[bytes] = set()  # as they came
        self._newest: dict[str, int] = {}  # the number of a job's event that was told last
        self.fleet.link_up(hub.now)
        self.steady += 4
        for published in (hub.presence(announced=hub.now), hub.record()):
            self.carry(published, "comes")

    def carry(self, said: Published, fate: Fate) -> None:
        self.hub.now += 100
        self.steady += 0.1
        late = self._late[said.topic.kind]
        if fate == "is lost":
            return
        late.append(said)
        if fate != "is late":
            self.flush(said.topic.kind)
        if fate == "comes twice":
            self._receive(said)

    def flush(self, *kinds: Kind) -> None:
        for kind in kinds or tuple(Kind):
            while self._late[kind]:
                self._receive(self._late[kind].popleft())

    def join(self) -> Watcher:
        watcher = Watcher()
        watcher.join(self.fleet.snapshot())
        self.watchers.append(watcher)
        return watcher

    def give_up(self) -> None:
        """Let the bridge hear so long nothing of the hub that it ends its jobs."""
        self.flush(Kind.PRESENCE)
        self.steady += 601
        self._tell(self.fleet.tick())

    def _receive(self, published: Published) -> None:
        topic = parse(str(published.topic))
        if topic.kind is Kind.PROGRESS:
            self._samples.add(published.payload)
        report = decode_report(topic.kind, published.payload)
        self._tell(self.fleet.report(topic, report, published.payload))

    def _tell(self, frames: list[Frame]) -> None:
        for watcher in self.watchers:
            watcher.hear(frames)
        for frame in frames:
            self._number(frame)
        for job in self.fleet.jobs():
            assert job.bytes_transferred >= self._farthest.get(job.job_id, 0)
            self._farthest[job.job_id] = job.bytes_transferred

    def _number(self, frame: Frame) -> None:
        """See that a sample is told between the event it belongs to and the next, or never."""
        job_id, seq = getattr(frame.message, "job_id", ""), getattr(frame.message, "seq", -1)
        if frame.payload in self._samples:
            assert seq == self._newest.get(job_id)
        elif job_id:
            self._newest[job_id] = seq


class Life:
    """What may happen to a device's jobs, as verbs of its hub."""

    def __init__(self, hub: HubScript) -> None:
        self.hub = hub
        self.rollbacks: dict[str, Rollback] = {}
        self._minted = 0

    def choices(self) -> list[Callable[[int], Said]]:
        """Tell what may happen now; each takes a number to make of it what it likes."""
        hub, current = self.hub, self.hub.current
        free = [job.job_id for job in hub.waiting if job.status is Status.QUEUED]
        held = [job.job_id for job in hub.waiting if job.status is Status.PAUSED]
        can: list[Callable[[int], Said]] = []
        if self._minted < 3:
            can += [self._ask]
        if free:
            can += [lambda _: hub.hold(free[-1]), lambda _: hub.fail(Code.CANCELLED, free[-1])]
        if held:
            can += [lambda _: hub.let_go(held[0]), lambda _: hub.fail(Code.CANCELLED, held[0])]
        if free and current is None:
            can += 2 * [lambda _: hub.start(free[0])]
        if current is not None and current.status is Status.RUNNING:
            done = current.bytes_transferred
            can += [
                lambda n: [hub.sample(min(done + n, TOTAL))],
                lambda n: hub.phase(Phase.WRITING, f"Part {n}", min(done + n, TOTAL)),
                lambda _: hub.pause(),
                lambda _: hub.complete(),
                self._roll_back,
            ]
        if current is not None and current.status is Status.PAUSED:
            can += 2 * [self._go_on]
        if current is not None:
            can += [lambda _: hub.fail(Code.CANCELLED)]
        return [*can, self._die]

    def _ask(self, _: int) -> Said:
        self._minted += 1
        job_id = f"job_1703001234_abc{self._minted:03}"
        if self.hub.current is None and not self.hub.waiting:
            return self.hub.start(job_id)
        return self.hub.queue(job_id)

    def _go_on(self, n: int) -> Said:
        yield from self.hub.resume()
        yield from self.hub.begin_again(f"Going on {n}")

    def _roll_back(self, n: int) -> Said:
        assert self.hub.current is not None
        job = self.hub.current
        yield from self.hub.plan_rollback()
        yield from self.hub.phase(Phase.ROLLING_BACK, "Going back", job.bytes_transferred)
        how = PLAN.with_(outcome="rolled_back" if n % 2 else "failed")
        self.rollbacks[job.job_id] = how
        yield from self.hub.fail(rollback=how)

    def _die(self, n: int) -> Said:
        """Be killed, and go on from the journal, the running job from its last safe point."""
        yield self.hub.presence(online=False)
        self.hub.die_and_go_on(n)
        yield self.hub.presence(since=self.hub.now)
        yield self.hub.record()
        if self.hub.current is not None and self.hub.current.status is Status.RUNNING:
            yield from self.hub.begin_again(f"Going on after {n}")


@given(st.data())
@settings(max_examples=400, deadline=None)
def test_in_the_end_everybody_knows_what_is_true(data: st.DataObject) -> None:
    hub = HubScript()
    life, network = Life(hub), Network(hub)
    network.join()
    steps = st.tuples(st.integers(0, 99), st.integers(0, TOTAL // 3), st.integers(0, 19))
    for which, n, what in data.draw(st.lists(steps, max_size=14)):
        choices = life.choices()
        for said in choices[which % len(choices)](n):
            network.carry(said, data.draw(st.sampled_from(FATES)))
        if what == 0:
            network.join()
        elif what == 1:
            network.carry(hub.presence(online=False), "comes")
            network.give_up()
            network.join()
            network.carry(hub.presence(), "comes")
        elif what == 2:
            network = Network(hub)
            network.join()
    network.flush()
    for said in (hub.presence(), hub.record()):
        network.carry(said, "comes")
    _check(hub, network, life)


def _check(hub: HubScript, network: Network, life: Life) -> None:
    fleet = network.fleet
    truths = {job.job_id: job for job in [*hub.waiting, *([hub.current] if hub.current else [])]}
    assert {job.job_id for job in fleet.jobs() if job.is_active} == truths.keys()
    for truth in truths.values():
        shown = fleet.job(truth.job_id)
        assert shown is not None
        assert (shown.status, shown.phase) == (truth.status, truth.phase)
        assert (shown.stage, shown.lost) == (truth.stage, None)
        assert shown.bytes_transferred >= truth.bytes_transferred
    network.join()
    for watcher in network.watchers:
        assert watcher.complaints() == []
        for job_id in watcher.seen.keys() - watcher.barred:
            job = fleet.job(job_id)
            assert job is not None
            assert watcher.ends(job_id) == (job_id not in truths)
            assert not job.is_active or watcher.stands(job_id) == (job.status is Status.PAUSED)
    for job_id, how in life.rollbacks.items():
        job = fleet.job(job_id)
        assert job is None or job.code is not Code.DEVICE_REFUSED or job.rollback == how
