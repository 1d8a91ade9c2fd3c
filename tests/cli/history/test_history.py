"""`flashyard history`: lists, single jobs and files, from a real bridge."""

from __future__ import annotations

import csv
import io
import json

import pytest

from flashyard.cli.history.sought import Sought
from flashyard.cli.history.work import export, print_newest, print_one
from flashyard.contract.faults import Code, FaultError
from flashyard.contract.history import Mishap
from flashyard.contract.phases import Phase, Status
from flashyard.settings import ClientSettings
from flashyard_bridge.history.past import Past
from support.processes import flashyard
from support.records import IMAGE, ended_job, failed_job, past_of, record_of
from support.rig import Rig

pytestmark = pytest.mark.asyncio(loop_scope="module")
EVERYTHING = Sought()


@pytest.fixture
def bridge(rig: Rig) -> ClientSettings:
    return ClientSettings(url=str(rig.http.base_url))


@pytest.fixture(autouse=True)
async def stored(rig: Rig) -> None:
    """Five jobs, the fourth of which was told much of."""
    met = Mishap(
        at=1, phase=Phase.WRITING, code=Code.LINK_LOST, error="The cable \x1b[31mtwitched."
    )
    failed = record_of(failed_job(3), mishaps=(met,))
    pasts = [past_of(ended_job(number)) for number in (0, 1, 2, 4)]
    await rig.bridge.state.history.store([*pasts, Past(failed, "hub", 1_700_001_000_000)])


async def test_the_newest_are_listed_and_that_there_are_more_is_said(
    bridge: ClientSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    await print_newest(bridge, EVERYTHING, 2)
    shown = capsys.readouterr()
    head, *rows = shown.out.splitlines()
    assert head.split()[:3] == ["JOB", "ENDED", "DEVICE"]
    assert [row.split()[0][-1] for row in rows] == ["4", "3"]
    assert rows[1].endswith("device_refused")
    assert shown.err == ""
    await print_newest(bridge, Sought(find="no such words"), None)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "No job that ended" in shown.err


async def test_what_is_sought_is_said_as_rest_has_it(
    bridge: ClientSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    for sought, found in (
        (Sought(status="failed"), "3"),
        (Sought(device="UNIT_1", until="2023-11-14T22:14:00Z"), "0"),
        (Sought(since="2023-11-14T22:17:00Z", until="2023-11-14T22:18:00Z"), "4"),
        (Sought(find="REFUSED unit", serial="UNIT_1", hub="hub-1", port="usb:1-1.2"), "3"),
        (Sought(code="device_refused", partition="system", image=IMAGE.sha256), "3"),
    ):
        await print_newest(bridge, sought, None)
        rows = capsys.readouterr().out.splitlines()[1:]
        assert [row.split()[0][-1] for row in rows] == [found], sought


async def test_an_image_may_be_named_by_its_start_where_it_is_stored(
    bridge: ClientSettings, rig: Rig, capsys: pytest.CaptureFixture[str]
) -> None:
    sha256 = await rig.upload(b"\x01" * 4096)
    await print_newest(bridge, Sought(image=sha256[:12]), None)
    assert "No job that ended" in capsys.readouterr().err
    with pytest.raises(FaultError) as refused:
        await print_newest(bridge, Sought(image="0000"), None)
    assert refused.value.fault.code is Code.UNKNOWN_IMAGE


async def test_all_of_one_is_told_with_its_phases_faults_and_log(
    bridge: ClientSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    await print_one(bridge, failed_job(3).job_id, json=False)
    out = capsys.readouterr().out
    for said in ("why       The device refused it.", "port      usb:1-1.2", "writing", "9.0 s"):
        assert said in out
    assert "link_lost  The cable �[31mtwitched." in out
    assert out.rstrip().endswith("Started")
    await print_one(bridge, failed_job(3).job_id, json=True)
    assert json.loads(capsys.readouterr().out)["mishaps"][0]["code"] == "link_lost"


async def test_of_one_that_is_not_on_record_it_is_said_how_it_stands(
    bridge: ClientSettings, rig: Rig
) -> None:
    device = await rig.plug()
    job = rig.job((await rig.start(deviceId=device))["jobId"])
    with pytest.raises(FaultError, match="has not ended"):
        await print_one(bridge, job.job_id, json=False)
    rig.hub.end(device, job)
    while not rig.job(job.job_id).is_final:
        await rig.http.get("/api/flash/jobs")
    with pytest.raises(FaultError, match="not on record yet"):
        await print_one(bridge, job.job_id, json=False)
    with pytest.raises(FaultError) as refused:
        await print_one(bridge, "job_1600000000_zzzzzz", json=False)
    assert refused.value.fault.code is Code.UNKNOWN_JOB


async def test_a_file_goes_to_stdout_as_it_is(
    bridge: ClientSettings, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    await export(bridge, Sought(status="completed"), "csv", None)
    rows = list(csv.DictReader(io.StringIO(capsysbinary.readouterr().out.decode(), newline="")))
    assert [row["jobId"][-1] for row in rows] == ["4", "2", "1", "0"]
    await export(bridge, EVERYTHING, "jsonl", 3)
    lines = capsysbinary.readouterr().out.splitlines()
    assert [json.loads(line)["status"] for line in lines] == [
        *(Status.COMPLETED, Status.FAILED, Status.COMPLETED)
    ]


async def test_history_is_a_command(bridge: ClientSettings) -> None:
    listed = await flashyard("history", "--limit", "1", "--url", bridge.url)
    assert (listed.status, listed.out.splitlines()[1].split()[0][-1]) == (0, "4")
    both = await flashyard("history", "--csv", "--json", "--url", bridge.url)
    assert (both.status, "contradict" in both.err) == (2, True)
    wrong = await flashyard("history", "--since", "soon", "--url", bridge.url)
    assert wrong.status == 2
