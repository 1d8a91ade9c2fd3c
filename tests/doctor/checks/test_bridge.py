"""The bridge check, against a bridge that is served for real."""

from __future__ import annotations

import time

import pytest

from flashyard.client.readiness import Readiness
from flashyard.doctor.checks.bridge import bridge, clock
from flashyard.doctor.finding import Level
from support.broker_process import free_port
from support.rig import Rig, rig, shared_rig

__all__ = ["rig", "shared_rig"]


@pytest.mark.asyncio(loop_scope="module")
async def test_a_bridge_that_knows_its_hubs_is_well_and_tells_the_time(rig: Rig) -> None:
    answer, told = await bridge(str(rig.http.base_url), is_told=True)
    assert (answer.level, told.level) == (Level.OK, Level.OK)
    assert told.check == "clock"


@pytest.mark.asyncio(loop_scope="module")
async def test_a_clock_that_goes_wrong_is_told_by_how_much(rig: Rig) -> None:
    url = str(rig.http.base_url)
    _, told = await bridge(url, is_told=True, now=lambda: time.time() + 90)
    assert told.level is Level.WARNING
    assert "90 s ahead of" in told.sentence
    assert told.command == "sudo timedatectl set-ntp true"


@pytest.mark.parametrize(
    ("ahead_ms", "within_ms", "level"),
    [
        (0, 0, Level.OK),
        (-2000, 10, Level.OK),
        (2001, 0, Level.WARNING),
        (-60_000, 900, Level.WARNING),
        (2500, 900, Level.UNKNOWN),
    ],
)
def test_a_slow_answer_is_no_proof_of_a_wrong_clock(
    ahead_ms: int, within_ms: int, level: Level
) -> None:
    assert clock(Readiness(ok=True, ahead_ms=ahead_ms, within_ms=within_ms)).level is level


async def test_where_nobody_answers_it_is_a_problem_if_a_bridge_was_named() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    levels = [each.level for each in await bridge(url, is_told=True)]
    assert levels == [Level.PROBLEM, Level.UNKNOWN]
    levels = [each.level for each in await bridge(url, is_told=False)]
    assert levels == [Level.UNKNOWN, Level.UNKNOWN]
