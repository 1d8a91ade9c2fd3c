from __future__ import annotations

import sys
import time
from typing import Any

import pytest

from flashyard.cli.history.rows import (
    HEADS,
    SPARE,
    TAILS,
    WHOLE,
    asker,
    facts,
    mishap_row,
    row,
    short_stamp,
    step_row,
    took,
)
from flashyard.cli.table import print_table
from flashyard.contract.faults import Code
from flashyard.contract.history import Mishap, PastJob
from flashyard.contract.phases import Phase, Status, Verification
from flashyard.contract.records import Job, StepRecord
from flashyard.contract.requester import Requester
from flashyard.contract.rollback import Rollback
from support.records import ended_job, failed_job

FIRST = "job_1600000000_aaaaaa"
STEPS = tuple(
    StepRecord(partition="system", place="system_a", status=status, bytes=1 << 20)
    for status in (Status.COMPLETED, Status.FAILED, Status.QUEUED)
)


def past(job: Job, **said: Any) -> PastJob:
    fields: dict[str, Any] = {"told_by": "hub", "recorded_at": 1, "duration_ms": 127_000}
    return PastJob(**dict(job), **{**fields, **said})


def test_a_row_says_what_matters_of_an_ended_job() -> None:
    told = past(failed_job(steps=STEPS), port="usb:1-1.2", asked_by=Requester(identity="alice"))
    cells = dict(zip(HEADS, row(told), strict=True))
    assert cells.pop("ENDED").startswith("2023-11-1")
    assert cells == {
        "JOB": "job_1700000000_000000",
        "DEVICE": "UNIT_1",
        "PORT": "usb:1-1.2",
        "PARTITION": "system 2/3",
        "IMAGE": "system.img",
        "TOOK": "2:07",
        "BY": "alice",
        "VERIFIED": "none",
        "END": "failed: device_refused",
    }
    done = row(past(ended_job(image=None, verification=Verification.READBACK)))
    assert done[-5:] == ("", "2:07", "", "readback", "completed")
    cancelled: dict[str, Any] = {"status": Status.CANCELLED, "code": Code.CANCELLED}
    assert row(past(ended_job(**cancelled)))[-1] == "cancelled"


def test_a_hundred_columns_tell_which_port_how_far_verified_and_who_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in (("TERM", "dumb"), ("COLUMNS", "100"), ("LINES", "30")):
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    port = "usb:pci-0000:00:14.0-usb-0:1.4"
    job = failed_job(finished_at=int(time.time() * 1000))
    told = past(job, port=port, asked_by=Requester(user="jo@bench-a"))
    print_table(HEADS, [row(told)], WHOLE, SPARE, TAILS)
    head, *cells = capsys.readouterr().out.splitlines()
    assert head.split() == ["JOB", "ENDED", "DEVICE", "PORT", "BY", "VERIFIED", "END"]
    shown = "UNIT_1 …0-usb-0:1.4 jo@bench-a none failed: device_refused"
    assert " ".join("".join(cells).split()).endswith(shown)


def test_the_facts_are_those_there_are() -> None:
    told = dict(facts(past(ended_job())))
    assert told["device"] == "UNIT_1 (Unit 1)"
    assert told["took"] == "2:07"
    assert not {"why", "code", "rollback", "emulated", "told by", "retry of"} & set(told)
    way_back = Rollback(kind="slot", outcome="rolled_back")
    job = failed_job(device_state="half-written", rollback=way_back, attempt=2, retry_of=FIRST)
    told = dict(facts(past(job, told_by="bridge", serial="S7", port="usb:1-2", hub_version="1.2")))
    assert told["why"] == "The device refused it."
    assert told["rollback"] == "slot: the device was brought back"
    assert told["retry of"] == f"{FIRST} (attempt 2)"
    assert (told["left"], told["serial"], told["port"]) == ("half-written", "S7", "usb:1-2")
    assert "lost" in told["told by"]


def test_a_step_names_its_own_image_or_its_jobs() -> None:
    whole = past(ended_job())
    assert step_row(STEPS[0], whole) == ("system", "system_a", "completed", "1.00 MiB", "a" * 16)
    own = STEPS[0].with_(image="b" * 64)
    assert step_row(own, whole)[-1] == "b" * 16


def test_a_mishap_has_the_devices_own_words() -> None:
    met = Mishap(at=0, phase=Phase.ROLLING_BACK, code=Code.LINK_LOST, error="Gone.", details="EIO")
    assert mishap_row(met)[1:] == ("rolling back", "link_lost", "Gone. (EIO)")


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (Requester(), "somebody"),
        (Requester(user="jo", address="10.0.0.7"), "jo from 10.0.0.7"),
        (Requester(identity="ci", user="jo", agent="curl"), "ci (for jo) with curl"),
        (Requester(identity="ci", on_behalf="batch_7"), "ci; batch_7"),
    ],
)
def test_who_asked_is_told_as_far_as_it_is_known(asked: Requester, told: str) -> None:
    assert asker(asked) == told


@pytest.mark.parametrize(
    ("millis", "told"),
    [
        (None, ""),
        (0, "0 ms"),
        (999, "999 ms"),
        (1_000, "1.0 s"),
        (59_949, "59.9 s"),
        (59_950, "1:00"),
        (127_400, "2:07"),
        (3_847_000, "1:04:07"),
    ],
)
def test_a_span_is_told_well_enough_to_compare(millis: int | None, told: str) -> None:
    assert took(millis) == told


def test_a_moment_of_today_is_a_time_and_another_a_date() -> None:
    assert short_stamp(int(time.time() * 1000)).count(":") == 2
    assert short_stamp(1_700_000_000_000).startswith("2023-11-1")
