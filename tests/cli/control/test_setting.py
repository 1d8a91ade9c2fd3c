"""`flashyard pause`, `resume`, `set` and `release`, as processes at a bridge."""

from __future__ import annotations

import json

import pytest

from flashyard.contract.faults import Code
from flashyard.contract.limits import Limits
from flashyard.contract.orders import LimitsOrder, PauseOrder, ReleaseOrder, ResumeOrder
from flashyard.contract.phases import Status
from flashyard.contract.troubles import Quarantine
from support.processes import Finished, flashyard
from support.rig import Rig
from support.scripted_hub import accept, answer_with, queue, refuse_with
from support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def ask(rig: Rig, *arguments: str) -> Finished:
    return await flashyard(*arguments, env={"FLASHYARD_URL": str(rig.http.base_url)})


async def test_jobs_are_paused_and_resumed_by_id(rig: Rig) -> None:
    ids = [(await rig.start(deviceId=await rig.plug()))["jobId"] for _ in range(2)]
    paused = await ask(rig, "pause", *ids)
    assert paused.out == "".join(f"{each}  running  pause requested\n" for each in ids)
    assert paused.status == 0
    assert isinstance(rig.hub.orders[-1], PauseOrder)
    rig.hub.answer = answer_with(Status.PAUSED)
    assert (await ask(rig, "pause", ids[0])).out == f"{ids[0]}  paused\n"
    rig.hub.answer = accept
    resumed = await ask(rig, "resume", ids[0], "--json")
    assert json.loads(resumed.out) == {"jobId": ids[0], "status": "running"}
    assert isinstance(rig.hub.orders[-1], ResumeOrder)
    rig.hub.answer = refuse_with(Code.ILLEGAL_STATE)
    refused = await ask(rig, "resume", ids[0])
    assert (refused.status, refused.out) == (1, "")
    assert refused.err.startswith("flashyard: ")


async def test_a_job_is_given_another_turn_and_another_rate(rig: Rig) -> None:
    rig.hub.answer = queue
    job_id = (await rig.start(deviceId=await rig.plug()))["jobId"]
    rig.hub.answer = accept
    done = await ask(rig, "set", "job", job_id, "--priority", "9", "--bandwidth-limit", "20MB/s")
    assert done.out == f"{job_id}  priority 9, at most 19.1 MiB/s\n"
    order = rig.hub.orders[-1]
    assert isinstance(order, LimitsOrder)
    assert (order.priority, order.bandwidth_limit) == (9, 20_000_000)
    done = await ask(rig, "set", "job", job_id, "--bandwidth-limit", "none", "--json")
    assert "bandwidthLimit" not in json.loads(done.out)


async def test_a_device_and_a_hub_are_limited(rig: Rig) -> None:
    device = await rig.plug()
    done = await ask(rig, "set", "device", device, "--bandwidth-limit", "1M", "--hub", "bench-a")
    assert done.out == f"{device}  at most 1.00 MiB/s\n"
    done = await ask(
        rig, "set", "hub", "bench-a", "--max-parallel", "2", "--download-limit", "512K"
    )
    assert done.out == "bench-a  2 at once, at most 512 KiB/s for images\n"
    table = (await ask(rig, "ls", "devices")).out.splitlines()
    assert table[0].split()[-1] == "LIMIT"
    rig.hub.limits = Limits(max_parallel=8)
    rig.hub.say_presence()


async def test_a_quarantined_device_is_listed_with_its_reason_and_released(rig: Rig) -> None:
    why = Quarantine(since=1, faults=3, code=Code.LINK_LOST, error="The link broke.")
    device = await rig.plug(quarantine=why)
    row = next(
        row for row in (await ask(rig, "ls")).out.splitlines() if row.startswith(f"{device} ")
    )
    assert "quarantined" in row
    assert "3 faults, the last: The link broke." in row
    done = await ask(rig, "release", device)
    assert (done.status, done.out) == (0, f"{device}  may take jobs\n")
    assert isinstance(rig.hub.orders[-1], ReleaseOrder)


async def test_a_queue_is_listed_with_places_holds_and_reasons(rig: Rig) -> None:
    device = await rig.plug()
    rig.hub.answer = queue
    ids = [(await rig.start(deviceId=device))["jobId"] for _ in range(3)]
    first, held, later = (rig.job(job_id) for job_id in ids)
    held = held.with_(status=Status.PAUSED)
    rig.hub.wait(device, first, held, later.with_(stage="Not before 14:30"))
    await until(lambda: rig.job(ids[2]).position == 3)
    heads, *rows = (await ask(rig, "ls", "jobs")).out.splitlines()
    rows = [row for row in rows if device in row.split()]
    assert [heads.split()[-2:], len(rows)] == [["PLACE", "WHY"], 3]
    for row, words in zip(rows, ("queued", "on hold", "waiting"), strict=True):
        assert words in row
    assert rows[2].endswith("3      Not before 14:30")
