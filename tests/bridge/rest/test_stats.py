"""What ended jobs add up to, as REST has it: of all, or of those that are asked for."""

from __future__ import annotations

from typing import Any

import pytest

from flashyard.contract.faults import Code
from flashyard.contract.statistics import LeftOut, Quantiles, Statistics
from flashyard_bridge.history.past import Past
from support.records import ENDED, ended_job, failed_job, record_of
from support.rig import Rig

pytestmark = pytest.mark.asyncio(loop_scope="module")
MINUTE = 60_000


@pytest.fixture(scope="module")
def pasts() -> list[Past]:
    """Four jobs that went well at one port, and one that did not at another."""
    good = [ended_job(number, average_speed=100 + number) for number in range(4)]
    bad = failed_job(4, device_id="UNIT_2", hub_id="hub-2", partition="boot")
    return [
        *(Past(record_of(job), "hub", ENDED) for job in good),
        Past(record_of(bad, port="usb:7", serial="SERIAL"), "hub", ENDED),
    ]


@pytest.fixture(autouse=True)
async def stored(rig: Rig, pasts: list[Past]) -> None:
    await rig.bridge.state.history.store(pasts)


async def stats(rig: Rig, **query: Any) -> Statistics:
    answer = await rig.http.get("/api/flash/stats", params=query)
    assert answer.status_code == 200, answer.text
    return Statistics.decode(answer.content)


async def test_all_that_ended_is_added_up_and_what_fails_most_is_seen_first(rig: Rig) -> None:
    said = await stats(rig)
    totals = said.totals
    assert (totals.jobs, totals.completed, totals.failed, totals.cancelled) == (5, 4, 1, 0)
    assert (totals.success_rate, totals.bytes, said.quantiles) == (0.8, 5000, "exact")
    assert totals.duration_ms == Quantiles(median=10_000, p95=10_000)
    assert totals.speed == Quantiles(median=101, p95=103)
    assert [(each.hub_id, each.port, each.failed) for each in said.ports] == [
        ("hub-2", "usb:7", 1),
        ("hub-1", "usb:1-1.2", 0),
    ]
    assert [(each.code, each.failed) for each in said.faults] == [(Code.DEVICE_REFUSED, 1)]
    assert [(each.device_id, each.device_name) for each in said.devices] == [
        ("UNIT_2", "Unit 1"),
        ("UNIT_1", "Unit 1"),
    ]
    assert [each.partition for each in said.partitions] == ["boot", "system"]
    assert [(each.name, each.jobs) for each in said.images] == [("system.img", 5)]
    assert [(each.hub_id, each.jobs) for each in said.hubs] == [("hub-2", 1), ("hub-1", 4)]
    assert [(each.day, each.jobs) for each in said.days] == [("2023-11-14", 5)]


@pytest.mark.parametrize(
    ("query", "jobs"),
    [
        ({"deviceId": "UNIT_1"}, 4),
        ({"serial": "SERIAL"}, 1),
        ({"hubId": "hub-2"}, 1),
        ({"port": "usb:7"}, 1),
        ({"status": "completed"}, 4),
        ({"code": "device_refused"}, 1),
        ({"partition": "boot"}, 1),
        ({"image": "a" * 64}, 5),
        ({"since": ENDED + MINUTE, "until": ENDED + 3 * MINUTE}, 2),
        ({"q": "refused"}, 1),
        ({"q": "refused", "hubId": "hub-1"}, 0),
    ],
)
async def test_what_narrows_the_history_narrows_what_is_counted(
    rig: Rig, query: dict[str, Any], jobs: int
) -> None:
    said = await stats(rig, **query)
    assert said.totals.jobs == jobs
    assert sum(each.jobs for each in said.devices) == jobs


async def test_a_list_is_as_long_as_is_asked_for_and_says_what_it_leaves_out(rig: Rig) -> None:
    said = await stats(rig, limit=1)
    assert [each.device_id for each in said.devices] == ["UNIT_2"]
    assert said.left_out["devices"] == LeftOut(entries=1, jobs=4, failed=0)
    assert "days" not in said.left_out


async def test_nothing_is_said_of_nothing(rig: Rig) -> None:
    answer = await rig.http.get("/api/flash/stats", params={"deviceId": "NONE"})
    lists = ("devices", "partitions", "images", "ports", "hubs", "days", "faults")
    ends = dict.fromkeys(("jobs", "completed", "failed", "cancelled", "bytes"), 0)
    nothing = {"totals": ends, "leftOut": {}, "quantiles": "exact"}
    assert answer.json() == {**nothing, **{name: [] for name in lists}}


@pytest.mark.parametrize(
    ("name", "value"), [("limit", "0"), ("limit", "501"), ("days", "367"), ("status", "running")]
)
async def test_a_bad_query_is_refused_by_its_parameters_name(
    rig: Rig, name: str, value: str
) -> None:
    answer = await rig.http.get("/api/flash/stats", params={name: value})
    said = answer.json()
    assert (answer.status_code, said["code"], said["field"]) == (422, "invalid_request", name)
