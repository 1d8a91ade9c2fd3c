"""How the steps of a job ended is shown, too: the end's own message does not tell."""

from __future__ import annotations

from collections.abc import Iterator

from flashyard.contract.faults import Code
from flashyard.contract.phases import Status
from flashyard.contract.records import StepRecord
from flashyard_bridge.picture.fleet import Fleet
from support.hub_script import HubScript, Published

JOB = "job_1703001234_abc123"


def steps(*how: tuple[str, Status, int]) -> tuple[StepRecord, ...]:
    return tuple(StepRecord(partition=name, status=is_, bytes=size) for name, is_, size in how)


def test_a_cancelled_job_s_steps_are_shown_as_its_hub_left_them() -> None:
    hub = HubScript()
    fleet = Fleet(lambda: hub.now, lambda: 0.0)
    fleet.link_up(hub.now)

    def say(said: Iterator[Published]) -> None:
        for each in said:
            fleet.report(each.topic, each.report, each.payload)

    def shown() -> list[tuple[str, Status, int]]:
        job = fleet.job(JOB)
        assert job is not None
        return [(step.partition, step.status, step.bytes) for step in job.steps]

    say(iter([hub.presence(), hub.record()]))
    say(hub.start(JOB))
    assert hub.current is not None
    running = (
        ("boot", Status.COMPLETED, 9),
        ("system", Status.RUNNING, 1),
        ("dtbo", Status.QUEUED, 0),
    )
    hub.current = hub.current.with_(steps=steps(*running))
    say(iter([hub.record()]))
    ended = (
        ("boot", Status.COMPLETED, 9),
        ("system", Status.CANCELLED, 7),
        ("dtbo", Status.CANCELLED, 0),
    )
    hub.current = hub.current.with_(steps=steps(*ended))
    event, *records = hub.fail(Code.CANCELLED)
    say(iter([event]))
    assert [status for _, status, _ in shown()] == [status for _, status, _ in ended]
    say(iter(records))
    assert shown() == list(ended)
