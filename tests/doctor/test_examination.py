from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from flashyard.doctor.examination import Asked, Check, checks, examine
from flashyard.doctor.finding import About, Finding, Level
from flashyard.settings import HostSettings
from support.paper_host import HostOnPaper

ABOUT = About("one")


async def test_findings_come_in_the_order_of_their_checks_however_long_each_takes() -> None:
    later = asyncio.Event()

    async def slow() -> Finding:
        await later.wait()
        return ABOUT.ok("slow")

    async def quick() -> list[Finding]:
        later.set()
        return [ABOUT.ok("quick"), ABOUT.warning("too")]

    found = await examine([Check("slow", slow), Check("quick", quick)])
    assert [each.sentence for each in found] == ["slow", "quick", "too"]


async def test_a_check_that_comes_to_no_end_is_not_known_and_keeps_nobody() -> None:
    async def endless() -> Finding:
        await asyncio.get_running_loop().create_future()
        raise AssertionError

    async def quick() -> Finding:
        return ABOUT.ok("quick")

    found = await examine([Check("endless", endless), Check("quick", quick)], within=0.05)
    assert [(each.check, each.level) for each in found] == [
        ("endless", Level.UNKNOWN),
        ("one", Level.OK),
    ]


async def test_what_the_system_refuses_to_tell_is_not_known() -> None:
    async def refused() -> Finding:
        raise PermissionError(13, "Permission denied", "/sys/secret")

    [found] = await examine([Check("files", refused)])
    assert found.level is Level.UNKNOWN
    assert "/sys/secret" in found.sentence


def names(paper: HostOnPaper, **settings: Any) -> list[str]:
    told = HostSettings(**settings)
    asked = Asked(has_broker="broker" in settings, hub_runs=False)
    return [check.name for check in checks(paper.bench(), told, asked)]


def test_a_door_of_this_host_that_the_settings_name_is_knocked_at_once(tmp_path: Path) -> None:
    paper = HostOnPaper(tmp_path)
    assert names(paper).count("ports") == 2
    assert names(paper, broker="mqtt://localhost", bridge_url="http://far:8000").count("ports") == 1
    both = {"broker": "mqtt://127.0.0.1:1883", "bridge_url": "http://127.0.0.1:8000"}
    assert names(paper, **both).count("ports") == 0


async def test_a_host_without_usb_is_called_well_in_nothing_that_was_not_looked_at(
    tmp_path: Path,
) -> None:
    paper = HostOnPaper(tmp_path, usb=False)
    wanted = {"udev rule", "device access", "disks", "usbfs memory", "autosuspend"}
    all_checks = checks(paper.bench(), HostSettings(), Asked(has_broker=False, hub_runs=False))
    found = await examine([check for check in all_checks if check.name in wanted])
    assert {each.check: each.level for each in found} == dict.fromkeys(wanted, Level.UNKNOWN)
