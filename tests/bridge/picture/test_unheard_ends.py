"""A job is cancelled while its bridge hears nothing: who saw it is told, and nobody else."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest

from flashyard.contract.faults import Code
from flashyard.contract.orders import Receipt
from flashyard.contract.phases import Status
from flashyard_bridge.picture.fleet import Fleet
from support.hub_script import HubScript, Published
from support.told import ORDER
from support.watcher import Watcher

JOB = "job_1703001234_abc123"
OTHER = "job_1703001234_abc000"

Verb = Callable[[HubScript], Iterable[Published]]


class Bridge:
    """A fleet that hears a hub, and a browser that watches it."""

    def __init__(self) -> None:
        self.hub = HubScript()
        self.fleet, self.browser = Fleet(lambda: self.hub.now, lambda: 0.0), Watcher()
        self.fleet.link_up(self.hub.now)
        self.hear([self.hub.presence(), self.hub.record()])

    def hear(self, said: Iterable[Published]) -> None:
        for each in said:
            self.browser.hear(self.fleet.report(each.topic, each.report, each.payload))

    def come_back(self) -> None:
        """Hear again, after the broker was away: what is said then, and what is repeated."""
        self.fleet.link_down()
        self.fleet.link_up(self.hub.now)
        self.hear([self.hub.presence(), self.hub.record()])

    def status(self) -> str:
        job = self.fleet.job(JOB)
        assert job is not None
        return job.status.value


def queued(hub: HubScript) -> Iterable[Published]:
    yield from hub.start(OTHER)
    yield from hub.queue(JOB)


def held(hub: HubScript) -> Iterable[Published]:
    yield from queued(hub)
    yield from hub.hold(JOB)


def started(hub: HubScript) -> Iterable[Published]:
    yield from hub.start(JOB)


def paused(hub: HubScript) -> Iterable[Published]:
    yield from hub.start(JOB)
    yield from hub.pause()


def cancel(hub: HubScript) -> list[Published]:
    waits = any(job.job_id == JOB for job in hub.waiting)
    return list(hub.fail(Code.CANCELLED, JOB if waits else None))


@pytest.mark.parametrize(
    ("verb", "letters"), [(queued, "qF"), (held, "qzF"), (started, "sF"), (paused, "szF")]
)
def test_whoever_saw_it_hears_its_end_once(verb: Verb, letters: str) -> None:
    bridge = Bridge()
    bridge.hear(verb(bridge.hub))
    late = cancel(bridge.hub)
    bridge.come_back()
    bridge.hear(late)
    assert bridge.browser.letters(JOB).replace("p", "") == letters
    assert bridge.browser.complaints() == []
    assert bridge.status() == "cancelled"


@pytest.mark.parametrize(("verb", "letters"), [(queued, "qF"), (started, "sF")])
def test_one_that_was_started_here_is_told_whole_though_nothing_was_heard_of_it(
    verb: Verb, letters: str
) -> None:
    bridge = Bridge()
    order = ORDER.with_(job_id=JOB, device_id=bridge.hub.device_id, session=bridge.hub.session)
    status = Status.QUEUED if verb is queued else Status.RUNNING
    receipt = Receipt(order_id=order.order_id, accepted=True, job_id=JOB, status=status)
    list(verb(bridge.hub))
    bridge.fleet.accepted(order, bridge.hub.hub_id, receipt)
    cancel(bridge.hub)
    bridge.come_back()
    assert bridge.browser.letters(JOB).replace("p", "") == letters
    assert bridge.browser.complaints() == []


@pytest.mark.parametrize("verb", [queued, held, started, paused])
def test_one_that_came_and_went_unheard_is_known_and_no_browser_is_told(verb: Verb) -> None:
    bridge = Bridge()
    list(verb(bridge.hub))
    late = cancel(bridge.hub)
    bridge.come_back()
    bridge.hear(late)
    assert bridge.browser.letters(JOB) == "", "it has no card that were to be closed"
    assert bridge.status() == "cancelled"
