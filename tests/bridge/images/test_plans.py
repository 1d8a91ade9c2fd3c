"""A plan is kept once under its own digest, and given back as it was or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from flashyard.contract.plans import FlashPlan, PlannedStep
from flashyard_bridge.images.plans import Plans

PLAN = FlashPlan(partitions=(PlannedStep(partition="boot", image="0" * 64),))


@pytest.fixture
def plans(tmp_path: Path) -> Plans:
    plans = Plans(tmp_path)
    plans.open()
    return plans


async def test_a_plan_is_given_back_as_it_was_kept(plans: Plans) -> None:
    assert await plans.get(await plans.keep(PLAN)) == PLAN
    assert await plans.keep(PLAN) == await plans.keep(PLAN)


async def test_a_plan_that_was_never_kept_is_none(plans: Plans) -> None:
    assert await plans.get("0" * 64) is None


@pytest.mark.parametrize(
    "instead",
    [
        b"",
        b"{",
        b"\xff",
        PLAN.with_(partitions=(PlannedStep(partition="abl", image="1" * 64),)).encode(),
    ],
)
async def test_a_plan_that_was_changed_is_not_obeyed_and_kept_anew_when_asked_for(
    plans: Plans, tmp_path: Path, instead: bytes
) -> None:
    name = await plans.keep(PLAN)
    (tmp_path / f"{name}.json").write_bytes(instead)
    assert await plans.get(name) is None
    assert await plans.keep(PLAN) == name
    assert await plans.get(name) == PLAN
