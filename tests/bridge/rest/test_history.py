"""The ended jobs as REST has them: filtered, paged, told one by one, and as files."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from flashyard.contract.faults import Code
from flashyard.contract.history import HistoryPage, PastJob
from flashyard.contract.phases import Phase, Status
from flashyard.contract.records import ImageRef, Job, StepRecord
from flashyard_bridge.history.past import Past
from support.mosquitto import mosquitto
from support.postgres import Postgres, cluster
from support.records import ended_job, failed_job, past_of, record_of
from support.rig import Rig
from support.served import served_bridge

pytestmark = pytest.mark.asyncio(loop_scope="module")
UNKNOWN = "job_1600000000_zzzzzz"
BOOT = ImageRef(sha256="b" * 64, name="Boot-2026.img", size=5)


@pytest.fixture(scope="module")
def pasts() -> list[Past]:
    """Jobs of one device and another, a minute apart; the first ended longest ago."""
    cancelled = {"status": Status.CANCELLED, "phase": Phase.CANCELLED, "code": Code.CANCELLED}
    steps = tuple(
        StepRecord(partition=name, status=Status.COMPLETED, bytes=500) for name in ("boot", "dtbo")
    )
    second = ended_job(2, device_id="UNIT_2", image=BOOT)
    return [
        past_of(ended_job(0, device_name="Bench Queen", steps=steps, partition="dtbo")),
        past_of(failed_job(1, error="=cmd|' /C calc'!A0", hub_id="hub-2")),
        Past(record_of(second, port="usb:7", serial="S/N 7"), "hub", 1_700_000_200_000),
        past_of(ended_job(3, finished_at=ended_job(2).finished_at, **cancelled)),
        past_of(ended_job(4, image=None)),
    ]


@pytest.fixture(scope="module")
def ids(pasts: list[Past]) -> list[str]:
    return [past.record.job_id for past in pasts]


@pytest.fixture(autouse=True)
async def stored(rig: Rig, pasts: list[Past]) -> None:
    await rig.bridge.state.history.store(pasts)


async def page(rig: Rig, **query: Any) -> HistoryPage:
    answer = await rig.http.get("/api/flash/history", params=query)
    assert answer.status_code == 200, answer.text
    said = HistoryPage.decode(answer.content)
    assert said.count == len(said.history)
    return said


async def listed(rig: Rig, **query: Any) -> list[str]:
    return [job.job_id for job in (await page(rig, **query)).history]


async def test_the_newest_comes_first_with_all_that_is_on_record(
    rig: Rig, pasts: list[Past], ids: list[str]
) -> None:
    told = (await page(rig)).history
    assert [job.job_id for job in told] == ids[::-1]
    oldest, record = told[-1], pasts[0].record
    assert {name: getattr(oldest, name) for name in Job.model_fields} == dict(record.job)
    assert (oldest.spans, oldest.serial, oldest.told_by) == (record.spans, record.serial, "hub")
    answer = await rig.http.get(f"/api/flash/history/{ids[0]}")
    assert PastJob.decode(json.dumps(answer.json()["job"])) == oldest


async def test_each_filter_narrows_it_and_all_together(
    rig: Rig, pasts: list[Past], ids: list[str]
) -> None:
    at = pasts[2].record.job.finished_at
    assert at is not None
    for query, found in (
        ({"deviceId": "UNIT_2"}, {2}),
        ({"deviceId": "UNIT"}, set()),
        ({"hubId": "hub-2"}, {1}),
        ({"status": "completed"}, {0, 2, 4}),
        ({"status": "cancelled"}, {3}),
        ({"code": "device_refused"}, {1}),
        ({"partition": "boot"}, {0}),
        ({"partition": "dtbo"}, {0}),
        ({"image": "b" * 64}, {2}),
        ({"port": "usb:7"}, {2}),
        ({"serial": "S/N 7"}, {2}),
        ({"since": at}, {2, 3, 4}),
        ({"since": at + 1}, {4}),
        ({"until": at}, {0, 1}),
        ({"until": at + 1}, {0, 1, 2, 3}),
        ({"since": at, "status": "completed", "q": "img"}, {2}),
        ({"q": "bench queen"}, {0}),
        ({"q": "QUEEN bench unit_1"}, {0}),
        ({"q": "boot-2026"}, {2}),
        ({"q": "/C CALC"}, {1}),
        ({"q": "7 S/n"}, {2}),
        ({"q": "  "}, {0, 1, 2, 3, 4}),
        ({"q": ids[3][-4:]}, {3}),
        ({"q": "100%"}, set()),
    ):
        assert set(await listed(rig, **query)) == {ids[number] for number in found}, query


async def test_the_pages_together_are_the_history(rig: Rig, ids: list[str]) -> None:
    seen: list[str] = []
    query: dict[str, Any] = {"limit": 2}
    while True:
        said = await page(rig, **query)
        seen += [job.job_id for job in said.history]
        if said.next_cursor is None:
            break
        assert said.count == 2
        query["cursor"] = said.next_cursor
    assert seen == ids[::-1]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("status", "running"),
        ("code", "no_such_fault"),
        ("since", "yesterday"),
        ("until", "-1"),
        ("limit", "0"),
        ("limit", "1001"),
        ("cursor", "%%%"),
        ("q", "x" * 201),
        ("format", "xml"),
        ("partition", "a/b"),
        ("image", "boot.img"),
    ],
)
async def test_a_bad_query_is_refused_by_its_parameters_name(
    rig: Rig, name: str, value: str
) -> None:
    answer = await rig.http.get("/api/flash/history", params={name: value})
    said = answer.json()
    assert (answer.status_code, said["code"], said["field"]) == (422, "invalid_request", name)


@pytest.mark.parametrize("path", ["/api/flash/history", "/api/flash/stats", "/api/audit"])
@pytest.mark.parametrize(
    ("slip", "meant"),
    [
        ("deviceID=UNIT_1", "Is `deviceId` meant?"),
        ("device_id=UNIT_1", "Is `deviceId` meant?"),
        ("hub=hub-2&format=csv", "Is `hubId` meant?"),
        ("since=5&to=9", "There are "),
        ("_=1700000000000", "There are "),
    ],
)
async def test_a_slip_in_a_parameters_name_does_not_show_everything(
    rig: Rig, path: str, slip: str, meant: str
) -> None:
    answer = await rig.http.get(f"{path}?{slip}")
    said = answer.json()
    assert (answer.status_code, said["code"]) == (422, "invalid_request")
    assert f"{said['field']}=" in slip
    assert said["error"] == f"There is no parameter `{said['field']}` here."
    assert said["hint"].startswith(meant)


async def test_a_file_of_json_lines_has_each_job_as_a_page_has_it(rig: Rig) -> None:
    answer = await rig.http.get("/api/flash/history", params={"format": "jsonl"})
    assert answer.headers["content-type"] == "application/x-ndjson; charset=utf-8"
    assert 'filename="flashyard-history.jsonl"' in answer.headers["content-disposition"]
    told = [PastJob.decode(line) for line in answer.text.splitlines()]
    assert tuple(told) == (await page(rig)).history


async def test_a_csv_has_a_row_for_each_job_and_nothing_a_spreadsheet_would_do(
    rig: Rig, ids: list[str]
) -> None:
    query = {"format": "csv", "deviceId": "UNIT_1", "limit": "3"}
    answer = await rig.http.get("/api/flash/history", params=query)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert [row["jobId"] for row in rows] == [ids[4], ids[3], ids[1]]
    assert rows[2]["error"] == "'=cmd|' /C calc'!A0"
    assert (rows[2]["endedAt"], rows[2]["ended"]) == ("1700000060000", "2023-11-14T22:14:20.000Z")
    assert (rows[0]["imageName"], rows[1]["imageName"]) == ("", "system.img")


async def test_a_job_that_a_bridge_forgot_is_told_from_the_history(
    rig: Rig, pasts: list[Past], ids: list[str]
) -> None:
    assert rig.bridge.state.fleet.job(ids[1]) is None
    job = (await rig.http.get(f"/api/flash/job/{ids[1]}")).json()["job"]
    assert Job.decode(json.dumps(job)) == pasts[1].record.job
    flat = (await rig.http.get(f"/api/flash/status/{ids[1]}")).json()
    assert flat == {"success": True, **job}
    log = (await rig.http.get(f"/api/flash/job/{ids[1]}/log")).json()
    assert [line["text"] for line in log["lines"]] == ["Started"]
    refused = await rig.http.post(f"/api/flash/job/{ids[1]}/cancel")
    assert (refused.status_code, refused.json()["code"]) == (409, "already_final")


async def test_a_log_that_nobody_heard_is_told_from_the_history(rig: Rig) -> None:
    device = await rig.plug()
    said = await rig.start(deviceId=device)
    job = ended_job(job_id=said["jobId"], device_id=device, hub_id=rig.hub.hub_id)
    await rig.bridge.state.history.store([past_of(job)])
    path = f"/api/flash/job/{job.job_id}/log"
    assert len((await rig.http.get(path)).json()["lines"]) == 1


@pytest.mark.parametrize("path", ["job/{}", "job/{}/log", "status/{}", "history/{}"])
async def test_a_job_that_is_nowhere_is_unknown(rig: Rig, path: str) -> None:
    answer = await rig.http.get(f"/api/flash/{path.format(UNKNOWN)}")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_job")


async def test_a_job_that_a_bridge_forgot_is_tried_again(rig: Rig) -> None:
    device = await rig.plug()
    past = failed_job(9, device_id=device, hub_id=rig.hub.hub_id, image=None, total_bytes=777)
    await rig.bridge.state.history.store([past_of(past)])
    answer = await rig.http.post(f"/api/flash/job/{past.job_id}/retry")
    assert answer.status_code == 200, answer.text
    again = rig.job(answer.json()["jobId"])
    assert (again.retry_of, again.attempt, again.total_bytes) == (past.job_id, 2, 777)


async def test_with_its_database_gone_the_history_says_so_and_what_is_live_goes_on(
    postgres_files: Path, tmp_path: Path
) -> None:
    with cluster(postgres_files) as directory:
        server = Postgres(directory)
        await server.start()
        async with (
            mosquitto(tmp_path) as broker,
            served_bridge(broker.url, tmp_path / "images", database=server.url()) as bridge,
        ):
            assert (await bridge.http.get("/api/flash/history")).json()["count"] == 0
            await server.stop()
            for path in ("history", "history?format=csv", f"history/{UNKNOWN}", f"job/{UNKNOWN}"):
                answer = await bridge.http.get(f"/api/flash/{path}")
                said = (answer.status_code, answer.json()["code"])
                assert said == (503, "database_unreachable"), path
            assert (await bridge.http.get("/api/flash/jobs")).json() == {"jobs": []}


async def test_a_word_that_is_none_of_many_is_told_without_all_of_them(rig: Rig) -> None:
    said = (await rig.http.get("/api/flash/history?code=unplugged")).json()
    assert said["error"].startswith("`code` is not valid: it is none of the ")
    assert len(str(said)) < 400
    said = (await rig.http.get("/api/flash/history?status=done")).json()
    assert "'completed', 'failed' or 'cancelled'" in said["error"]


async def test_who_looks_for_what_is_not_there_is_sent_to_the_history(rig: Rig) -> None:
    said = (await rig.http.get(f"/api/flash/history/{UNKNOWN}")).json()
    assert "GET /api/flash/history" in said["hint"]
