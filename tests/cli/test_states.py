from __future__ import annotations

import pytest

from flashyard.cli.states import presence_of, reason_of, state_of
from flashyard.contract.faults import Code
from flashyard.contract.phases import Phase
from flashyard.contract.records import Job
from flashyard.contract.troubles import Quarantine
from support.facts import a_device, a_job

WAITING = a_job(status="queued", started_at=None, position=2, stage="Queued")
LATER = WAITING.with_(stage="Not before 14:30")


@pytest.mark.parametrize(
    ("job", "word"),
    [
        (a_job(), "writing"),
        (a_job(phase=Phase.ROLLING_BACK), "rolling back"),
        (a_job(requested="cancel"), "cancelling"),
        (a_job(requested="pause"), "pausing"),
        (a_job(status="paused"), "paused"),
        (a_job(status="paused", requested="resume"), "resuming"),
        (a_job(status="paused", phase=Phase.QUEUED, started_at=None), "on hold"),
        (WAITING, "queued"),
        (LATER, "waiting"),
        (a_job(lost=True, status="paused"), "silent"),
        (a_job(status="cancelled", requested="cancel"), "cancelled"),
    ],
)
def test_a_job_is_told_in_a_word(job: Job, word: str) -> None:
    assert state_of(job) == word


def test_a_reason_is_told_only_of_what_waits_for_more_than_its_turn() -> None:
    assert reason_of(LATER) == "Not before 14:30"
    taking = a_job(transfer_speed=1)
    assert [reason_of(job) for job in (WAITING, taking, LATER.with_(lost=True))] == ["", "", ""]


def test_what_runs_and_takes_nothing_tells_why() -> None:
    silent = a_job(transfer_speed=0, stage="Nothing from the device for 10 s")
    again = a_job(phase=Phase.PREPARING, transfer_speed=9, stage="Trying again in 5 s (2 of 2)")
    assert [reason_of(job) for job in (silent, again)] == [silent.stage, again.stage]
    assert [state_of(job) for job in (silent, again)] == ["writing", "preparing"]


def test_a_device_that_is_there_may_be_in_quarantine() -> None:
    why = Quarantine(since=1, faults=3, code=Code.LINK_LOST, error="The link broke.")
    assert presence_of(a_device(quarantine=why)) == "quarantined"
    assert presence_of(a_device(quarantine=why, online=False)) == "offline"
    assert presence_of(a_device()) == "online"
