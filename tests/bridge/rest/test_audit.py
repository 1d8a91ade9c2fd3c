"""GET /api/audit: pages of the trail, the newest first, of what is sought."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from flashyard_bridge.audit.lines import append
from support.rig import Rig
from support.trail import line

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
    "query", ["limit=0", "limit=1001", "jobId=x", "cursor=x", "since=yesterday", "until=-1"]
)
async def test_bad_questions_are_refused(rig: Rig, query: str) -> None:
    answer = await rig.http.get(f"/api/audit?{query}")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


async def test_looking_leaves_no_line(rig: Rig) -> None:
    before = (await rig.http.get("/api/audit")).json()
    assert (await rig.http.get("/api/audit")).json() == before
