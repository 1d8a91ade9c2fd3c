"""What an earlier run left behind, read back."""

from __future__ import annotations

from flashyard.agent.clock import Clock
from flashyard.agent.ghosts import raise_ghost
from flashyard.contract.faults import Code
from flashyard.contract.messages import DeviceChanged
from flashyard.contract.phases import Phase
from flashyard.contract.records import MAX_RECENT, Device
from support.hub_script import HubScript

RUNNING, WAITING = "job_1703001234_abc123", "job_1703001234_abc124"


def left_behind(phase: Phase = Phase.WRITING, ended: int = 0) -> Device:
    script = HubScript()
    for number in range(ended):
        list(script.start(f"job_1703001200_{number:06d}"))
        list(script.complete())
    list(script.start(RUNNING))
    list(script.phase(phase, phase.value, 1000))
    list(script.queue(WAITING))
    report = script.record().report
    assert isinstance(report, DeviceChanged)
    return report.device


def test_what_ran_and_what_waited_was_interrupted() -> None:
    ghost = raise_ghost(left_behind(), Clock(), lambda _: False)
    running, waiting = ghost.lost
    assert (running.event.job_id, running.event.seq) == (RUNNING, 3)
    assert (waiting.event.job_id, waiting.event.seq) == (WAITING, 1)
    assert {running.event.code, waiting.event.code} == {Code.INTERRUPTED}
    assert running.event.device_state == "unknown, may be partly written"
    assert waiting.event.device_state == "untouched"
    assert running.record.job.bytes_transferred == 1000
    assert [entry.job_id for entry in ghost.recent] == [RUNNING, WAITING]


def test_a_device_that_was_only_looked_at_is_untouched() -> None:
    for phase in (Phase.PREPARING, Phase.IDENTIFYING):
        running, _ = raise_ghost(left_behind(phase), Clock(), lambda _: False).lost
        assert running.event.device_state == "untouched"
        assert running.event.hint == "Start it again."


def test_a_job_that_only_waited_is_not_told_to_have_run() -> None:
    running, waiting = raise_ghost(left_behind(), Clock(), lambda _: False).lost
    assert waiting.event.error == "The hub stopped while the job waited."
    assert waiting.event.hint == waiting.record.job.hint == "Start it again."
    assert "half written" in (running.event.hint or "")


def test_a_job_that_is_known_is_left_alone() -> None:
    ghost = raise_ghost(left_behind(), Clock(), lambda job_id: job_id == RUNNING)
    assert [each.event.job_id for each in ghost.lost] == [WAITING]


def test_the_newest_ends_are_kept() -> None:
    ghost = raise_ghost(left_behind(ended=MAX_RECENT), Clock(), lambda _: False)
    kept = [entry.job_id for entry in ghost.recent]
    assert len(kept) == MAX_RECENT
    assert kept[-2:] == [RUNNING, WAITING]
    assert kept[0] == "job_1703001200_000002"
