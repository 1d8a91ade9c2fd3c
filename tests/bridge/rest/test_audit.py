"""GET /api/audit: pages of the trail, the newest first, of what is sought."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from flashyard_bridge.audit import trail as keeping
from flashyard_bridge.audit.lines import append
from flashyard_bridge.rest import export
from support.rig import Rig
from support.trail import bring_back, line, take_away
from support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

SUBJECT = "of-these-tests"


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def lines(shared_rig: Rig) -> AsyncIterator[None]:
    made = [line(number, subject=SUBJECT, job_id="job_1700000000_aaaaaa") for number in range(7)]
    await shared_rig.bridge.state.database.write(lambda c: append(c, made))
    yield


async def test_pages_follow_each_other_without_a_gap(rig: Rig) -> None:
    seen = []
    query: dict[str, str | int] = {"subject": SUBJECT, "limit": 3}
    for count in (3, 3, 1):
        page = (await rig.http.get("/api/audit", params=query)).json()
        assert page["count"] == len(page["audit"]) == count
        seen += page["audit"]
        query["cursor"] = page.get("nextCursor", "")
    assert [each["at"] for each in seen] == [line(number).at for number in range(6, -1, -1)]
    assert "nextCursor" not in page
    assert seen[0] == {
        "number": seen[0]["number"],
        "at": line(6).at,
        "action": "cancel",
        "outcome": "accepted",
        "jobId": "job_1700000000_aaaaaa",
        "subject": SUBJECT,
    }


@pytest.mark.parametrize(
    "query",
    [
        *("limit=0", "limit=1001", "jobId=x", "cursor=x", "since=yesterday", "until=-1"),
        *("action=strat", "outcome=refusd"),
    ],
)
async def test_bad_questions_are_refused(rig: Rig, query: str) -> None:
    answer = await rig.http.get(f"/api/audit?{query}")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


async def test_looking_leaves_no_line(rig: Rig) -> None:
    before = (await rig.http.get("/api/audit")).json()
    assert (await rig.http.get("/api/audit")).json() == before


async def test_it_is_exported_as_a_file(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "PAGE", 3)
    query: dict[str, str | int] = {"subject": SUBJECT, "format": "jsonl"}
    answer = await rig.http.get("/api/audit", params=query)
    assert answer.headers["content-type"] == "application/x-ndjson; charset=utf-8"
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert lines == (await rig.http.get("/api/audit", params={"subject": SUBJECT})).json()["audit"]
    query |= {"format": "csv", "limit": 4}
    answer = await rig.http.get("/api/audit", params=query)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert [int(row["number"]) for row in rows] == [line["number"] for line in lines[:4]]
    assert rows[0]["time"] == "2023-11-14T22:13:26.000Z"
    assert (rows[0]["action"], rows[0]["identity"]) == ("cancel", "")


async def test_a_file_that_cannot_be_read_is_refused(rig: Rig) -> None:
    database = rig.bridge.state.database
    await take_away(database)
    try:
        answer = await rig.http.get("/api/audit", params={"format": "csv"})
        assert (answer.status_code, answer.json()["code"]) == (503, "database_unreachable")
    finally:
        await bring_back(database)


async def test_lines_that_wait_and_those_that_are_lost_are_seen_by_who_watches_the_bridge(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    trail, database = rig.bridge.state.trail, rig.bridge.state.database
    monkeypatch.setattr(keeping, "MOST", 1)
    await take_away(database)
    for number in range(3):
        trail.note(line(number))
    await until(lambda: trail.trouble is not None)
    answer = await rig.http.get("/health")
    metrics = (await rig.http.get("/metrics")).text
    await bring_back(database)
    told = answer.json()
    assert (answer.status_code, told["status"]) == (503, "degraded")
    assert told["database"] == "cannot_be_written"
    assert (told["audit"]["waiting"], told["audit"]["lost"]) == (1, 2)
    assert "database" in told["audit"]["error"]
    assert "flashyard_audit_waiting 1.0" in metrics
    assert "flashyard_audit_lost_total 2.0" in metrics
    await until(lambda: trail.waiting == 0)
    answer = await rig.http.get("/health")
    assert (answer.status_code, answer.json()["audit"]) == (200, {"waiting": 0, "lost": 2})
