"""`flashyard history stats`: what ended jobs add up to, at a glance."""

from __future__ import annotations

from typing import Any

import pytest

from flashyard.cli.history import counts
from flashyard.cli.history.sought import Sought
from flashyard.cli.history.stats import tell
from flashyard.contract.faults import Code
from flashyard.contract.statistics import (
    Counts,
    DayCounts,
    FaultCounts,
    ImageCounts,
    LeftOut,
    PortCounts,
    Quantiles,
    Statistics,
)
from flashyard.settings import ClientSettings
from support.records import ended_job, failed_job, past_of
from support.rig import Rig, rig, shared_rig

__all__ = ["rig", "shared_rig"]

SOME: dict[str, Any] = {
    "jobs": 3001,
    "completed": 2999,
    "failed": 1,
    "cancelled": 1,
    "bytes": 3 << 30,
    "success_rate": 0.999666,
    "duration_ms": Quantiles(median=62_000, p95=130_000),
    "speed": Quantiles(median=20 << 20, p95=30 << 20),
}
NONE: dict[str, Any] = {"jobs": 1, "completed": 0, "failed": 0, "cancelled": 1, "bytes": 0}
LISTS = ("devices", "partitions", "images", "ports", "hubs", "days", "faults")


def told(**changes: Any) -> Statistics:
    fields: dict[str, Any] = {**dict.fromkeys(LISTS, ()), "left_out": {}, "quantiles": "exact"}
    return Statistics(totals=Counts(**SOME), **{**fields, **changes})


def test_the_whole_is_told_first_and_nothing_is_rounded_up_to_all() -> None:
    assert dict(counts.facts(told(quantiles="within 2 %"))) == {
        "jobs": "3001: 2999 completed, 1 failed, 1 cancelled",
        "success": "99.9 %",
        "written": "3.00 GiB",
        "took": "median 1:02, p95 2:10",
        "speed": "median 20.0 MiB/s, p95 30.0 MiB/s",
        "precise": "times and speeds within 2 %",
    }
    only_cancelled = told().with_(totals=Counts(**NONE))
    assert [name for name, _ in counts.facts(only_cancelled)] == ["jobs", "written"]


def test_what_is_empty_is_left_out_and_what_has_no_name_is_told_so() -> None:
    said = told(
        ports=(PortCounts(hub_id="hub-1", port="usb:1", **SOME), PortCounts(hub_id="h", **NONE)),
        images=(ImageCounts(sha256="a" * 64, **NONE), ImageCounts(**NONE)),
        faults=(FaultCounts(code=Code.LINK_LOST, failed=1), FaultCounts(failed=2)),
        days=(DayCounts(day="2026-11-23", **NONE),),
        left_out={"ports": LeftOut(entries=5, jobs=70, failed=2)},
    )
    faults, ports, images, days = counts.sections(said)
    assert (faults.heads[0], faults.rows) == ("FAULT", [("link_lost", "1"), ("none", "2")])
    assert ports.rows[0][:6] == ("usb:1", "hub-1", "3001", "1", "1", "99.9 %")
    assert ports.rows[1][:3] == ("not known", "h", "1")
    assert ports.rest == "and 5 more, with 70 jobs, 2 of them failed"
    assert [row[:2] for row in images.rows] == [("", "a" * 16), ("none", "")]
    assert (days.rows[0][0], days.rest) == ("2026-11-23", "")
    for each in (faults, ports, images, days):
        assert {len(row) for row in each.rows} == {len(each.heads)}


@pytest.mark.asyncio(loop_scope="module")
async def test_it_is_told_as_tables_and_as_json(
    rig: Rig, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = ClientSettings(url=str(rig.http.base_url))
    jobs = [*map(ended_job, range(3)), failed_job(3, device_id="UNIT_2")]
    await rig.bridge.state.history.store([past_of(job) for job in jobs])
    await tell(settings, Sought(hub="hub-1"), 1, json=False)
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["jobs      4: 3 completed, 1 failed, 0 cancelled", "success   75.0 %"]
    assert lines[lines.index("and 1 more, with 3 jobs, 0 of them failed") - 1].startswith("UNIT_2")
    await tell(settings, Sought(device="UNIT_1"), 10, json=True)
    assert Statistics.decode(capsys.readouterr().out).totals.jobs == 3
    await tell(settings, Sought(device="NOBODY"), 10, json=False)
    nothing = capsys.readouterr()
    assert nothing.out == ""
    assert "No job" in nothing.err
