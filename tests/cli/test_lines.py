from __future__ import annotations

import io

import pytest

from flashyard.cli.lines import Lines
from flashyard.client.follow import Caught, Changed, Gap
from flashyard.contract.faults import Code
from flashyard.contract.phases import Phase, Status
from flashyard.contract.records import Job, StepRecord
from flashyard.contract.rollback import Outcome, Rollback
from support.facts import START, a_job


def written(*steps: tuple[Job, float]) -> list[str]:
    """Lines for a job that is so from so many seconds after the start."""
    out = io.StringIO()
    lines = Lines([steps[0][0]], out)
    for job, seconds in steps:
        lines.show(Changed(job, START + round(seconds * 1000)))
    return out.getvalue().splitlines()


RUNNING = a_job()


def test_a_line_is_written_when_a_phase_is_over_with_the_time_it_took() -> None:
    assert written(
        (RUNNING.with_(phase=Phase.PREPARING), 0),
        (RUNNING.with_(phase=Phase.WRITING), 0.2),
        (RUNNING.with_(phase=Phase.WRITING, progress=50.0), 50),
        (RUNNING.with_(phase=Phase.FINISHING), 92.6),
        (a_job(status="completed", finished_at=START + 93_000), 93),
    ) == [
        "PIXEL6_001  preparing     OKAY [  0.2s]",
        "PIXEL6_001  writing       OKAY [ 92.4s]",
        "PIXEL6_001  finishing     OKAY [  0.4s]",
        "PIXEL6_001  completed     OKAY [ 93.0s]",
    ]


def test_of_several_partitions_each_has_its_line() -> None:
    steps = tuple(
        StepRecord(partition=name, status=Status.QUEUED, bytes=0) for name in ("boot", "system")
    )
    boot = a_job(steps=steps, stage="Flashing boot partition")
    system = boot.with_(stage="Flashing system partition")
    assert written(
        (boot, 0),
        (boot.with_(progress=10.0), 1),
        (system, 2),
        (system.with_(phase=Phase.FINISHING, stage="Finalizing and rebooting"), 5),
    ) == [
        "PIXEL6_001  writing       OKAY  Flashing boot partition",
        "PIXEL6_001  writing       OKAY [  3.0s]  Flashing system partition",
    ]


def test_a_failure_names_the_phase_it_happened_in_and_what_the_device_said() -> None:
    failed = a_job(
        status="failed",
        code=Code.DEVICE_REFUSED,
        error="The device refused.",
        details="partition is read-only",
        hint="See its manual.",
        device_state="system partly written",
    )
    assert written((RUNNING, 0), (failed, 3)) == [
        "PIXEL6_001  writing       FAILED (The device refused.)",
        "PIXEL6_001  writing         details: partition is read-only",
        "PIXEL6_001  writing         device: system partly written",
        "PIXEL6_001  writing         hint: See its manual.",
    ]


def test_a_phase_that_a_broken_link_ended_was_not_okay() -> None:
    again = RUNNING.with_(phase=Phase.PREPARING)
    assert written((again, 0), (RUNNING, 1), (again, 3), (RUNNING, 4)) == [
        "PIXEL6_001  preparing     OKAY [  1.0s]",
        "PIXEL6_001  writing       BROKEN OFF [  2.0s]",
        "PIXEL6_001  preparing     OKAY [  1.0s]",
    ]


@pytest.mark.parametrize(
    ("outcome", "word"), [("rolled_back", "OKAY"), ("failed", "FAILED"), ("not_possible", "FAILED")]
)
def test_a_way_back_is_no_success_of_what_it_is_from_and_no_failure_itself(
    outcome: Outcome, word: str
) -> None:
    back = RUNNING.with_(phase=Phase.ROLLING_BACK)
    failed = a_job(
        status="failed",
        code=Code.NOT_BOOTED,
        error="It did not start.",
        rollback=Rollback(kind="slot", outcome=outcome, plan="Back to slot a."),
    )
    lines = written((RUNNING.with_(phase=Phase.FINISHING), 0), (back, 1), (failed, 3))
    assert lines[:3] == [
        "PIXEL6_001  finishing     BROKEN OFF",
        f"PIXEL6_001  rolling_back  {word} [  2.0s]",
        "PIXEL6_001  failed        FAILED (It did not start.)",
    ]


def test_a_cancelled_job_is_no_failure_and_needs_no_hint() -> None:
    cancelled = a_job(
        status="cancelled", code=Code.CANCELLED, error="Cancelled by request.", hint="Start again."
    )
    assert written((RUNNING, 0), (cancelled, 3)) == [
        "PIXEL6_001  writing       CANCELLED (Cancelled by request.)"
    ]


def test_a_queue_is_a_line_only_if_there_was_one() -> None:
    queued = RUNNING.with_(phase=Phase.QUEUED, status=Status.QUEUED, started_at=None)
    assert written((queued, 0), (RUNNING, 0.01)) == []
    assert written((queued, 0), (RUNNING, 12)) == ["PIXEL6_001  queued        OKAY [ 12.0s]"]


def test_one_who_comes_late_is_told_no_time_of_a_phase_whose_beginning_was_not_seen() -> None:
    later = RUNNING.with_(phase=Phase.FINISHING)
    done = a_job(status="completed", finished_at=START + 63_000)
    assert written((RUNNING, 60), (later, 61), (done, 63), (done, 63)) == [
        "PIXEL6_001  writing       OKAY",
        "PIXEL6_001  finishing     OKAY [  2.0s]",
        "PIXEL6_001  completed     OKAY [ 63.0s]",
    ]


def test_silence_and_a_bridge_out_of_reach_are_talk_not_data(
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = io.StringIO()
    lines = Lines([RUNNING], out)
    lines.show(Gap("Connection refused"))
    lines.show(Caught())
    for _ in range(2):
        lines.show(Changed(RUNNING.with_(lost=True), START))
    assert out.getvalue() == ""
    talk = capsys.readouterr().err
    assert "Connection refused" in talk
    assert "caught up" in talk
    assert talk.count("not heard from") == 1


def test_a_pause_and_its_end_are_lines_of_their_own() -> None:
    paused = a_job(status="paused")
    lines = written((RUNNING, 0), (paused, 1), (paused, 2), (RUNNING, 3))
    assert [line.split()[1:] for line in lines] == [["writing", "PAUSED"], ["writing", "RESUMED"]]
