"""`flashyard history audit`: who asked for what, as a table and as files."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime

import pytest

from flashyard.cli.history.trail import Sought, export, print_newest, row, who
from flashyard.client.bridge import Bridge
from flashyard.contract.audit import NumberedEntry
from flashyard.contract.faults import Code
from flashyard.contract.requester import Requester
from flashyard.settings import ClientSettings
from flashyard_bridge.audit.lines import append
from support.rig import Rig, rig, shared_rig
from support.trail import line

__all__ = ["rig", "shared_rig"]

JOB = "job_1700000000_aaaaaa"
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def numbered(**changes: object) -> NumberedEntry:
    fields = {name: getattr(line(), name) for name in ("at", "action", "outcome")}
    return NumberedEntry(**{"number": 7, **fields, **changes})


def test_what_is_only_said_stands_in_brackets() -> None:
    assert who(Requester(identity="alice", user="al@bench", address="192.0.2.7", agent="x")) == (
        "alice (al@bench) 192.0.2.7"
    )
    assert who(Requester(user="al@bench", address="::1")) == "(al@bench) ::1"
    assert who(Requester(identity="ci", on_behalf="batch_1")) == "ci for batch_1"
    assert who(None) == ""


def test_a_row_says_what_was_asked_or_why_it_was_refused() -> None:
    told = row(numbered(job_id=JOB, details={"partition": "boot", "priority": 9}))
    assert told[3:] == ("cancel", "accepted", JOB, "partition boot, priority 9")
    told = row(numbered(outcome="refused", code=Code.UNKNOWN_JOB, error="Job not found"))
    assert told[3:] == ("cancel", "unknown_job", "", "Job not found")
    told = row(numbered(action="job_ended", details={"endedAt": 1, "verification": "readback"}))
    assert told[-1] == "verification readback"
    assert len(row(numbered(details={"x": "y" * 200}))[-1]) == 80


def test_what_is_sought_is_said_as_rest_does() -> None:
    sought = Sought(job=JOB, by="alice", outcome="refused", since="2h")
    since = str(int(NOW.timestamp() - 7200) * 1000)
    said = {"jobId": JOB, "identity": "alice", "outcome": "refused", "since": since}
    assert sought.parameters(NOW) == said
    assert Sought().parameters(NOW) == {}


@pytest.mark.asyncio(loop_scope="module")
async def test_the_trail_is_listed_and_exported(
    rig: Rig, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    settings = ClientSettings(url=str(rig.http.base_url))
    database = rig.bridge.state.database
    made = [line(number, job_id=JOB) for number in range(3)]
    await database.write(lambda c: append(c, made))
    await print_newest(settings, Sought(job=JOB), None)
    told = capfdbinary.readouterr().out.decode().splitlines()
    assert told[0].split() == ["NUMBER", "AT", "WHO", "ACTION", "OUTCOME", "ABOUT", "WHAT"]
    assert len(told) == 4
    await print_newest(settings, Sought(job="job_1700000000_zzzzzz"), None)
    assert b"no line like that" in capfdbinary.readouterr().err
    await export(settings, Sought(job=JOB), "jsonl", None)
    lines = [json.loads(each) for each in capfdbinary.readouterr().out.splitlines()]
    assert [each["at"] for each in lines] == [each.at for each in reversed(made)]
    await export(settings, Sought(job=JOB), "csv", 2)
    rows = list(csv.DictReader(io.StringIO(capfdbinary.readouterr().out.decode(), newline="")))
    assert [int(each["at"]) for each in rows] == [made[2].at, made[1].at]


@pytest.mark.asyncio(loop_scope="module")
async def test_all_pages_are_listed_up_to_the_limit(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flashyard.client.bridge._MAX_PAGE", 2)
    await rig.bridge.state.database.write(
        lambda c: append(c, [line(number, subject="s") for number in range(5)])
    )
    async with Bridge(str(rig.http.base_url)) as bridge:
        found, there_is_more = await bridge.audit({"subject": "s"}, 3)
        assert ([each.at for each in found], there_is_more) == (
            [line(4).at, line(3).at, line(2).at],
            True,
        )
        found, there_is_more = await bridge.audit({"subject": "s"}, 50)
        assert (len(found), there_is_more) == (5, False)
