"""What came of a job's way back is shown as soon as its end is told."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from flashyard.contract.faults import Code
from flashyard.contract.messages import FlashFailed
from flashyard.contract.rollback import Outcome, Rollback
from flashyard.contract.topics import Kind
from flashyard_bridge.picture.fleet import Fleet
from support.hub_script import HubScript, Published

JOB = "job_1703001234_abc123"
PLANNED = Rollback(kind="slot", plan="Back it goes.")


@pytest.mark.parametrize("outcome", ["not_needed", "rolled_back", "failed"])
def test_the_end_tells_what_came_of_it(outcome: Outcome) -> None:
    hub = HubScript()
    fleet = Fleet(lambda: hub.now, lambda: 0.0)
    fleet.link_up(hub.now)

    def say(said: Iterable[Published]) -> None:
        for each in said:
            fleet.report(each.topic, each.report, each.payload)

    def shown() -> Rollback | None:
        job = fleet.job(JOB)
        assert job is not None
        return job.rollback

    say([hub.presence(), hub.record(), *hub.start(JOB)])
    assert hub.current is not None
    hub.current = hub.current.with_(rollback=PLANNED)
    say([hub.record()])
    assert shown() == PLANNED
    told = PLANNED.with_(outcome=outcome)
    hub.current = hub.current.with_(rollback=told)
    for each in hub.complete() if outcome == "not_needed" else hub.fail(Code.NOT_BOOTED):
        if isinstance(each.report, FlashFailed):
            say([each._replace(report=each.report.with_(rollback=told))])
        elif each.topic.kind is Kind.EVENT:
            say([each])
    assert shown() == told
