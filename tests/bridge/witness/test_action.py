"""Whatever changes something has a name in the trail."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest
from fastapi import APIRouter

from flashyard.contract.batches import OPEN_BATCH, BatchStatus
from flashyard.contract.phases import FINAL
from flashyard_bridge.audit.words import Action, Outcome
from flashyard_bridge.rest import routers
from flashyard_bridge.rest.request import StartRequest
from flashyard_bridge.witness.action import Actions, action_of, audited, changes

ROUTES = [route for router in routers() for route in router.routes]


def test_no_route_that_changes_something_is_forgotten() -> None:
    changing = [route for route in ROUTES if changes(route)]
    named = {action_of(route).name for route in changing}
    assert len(changing) >= 25
    assert {"start", "cancel", "delete_image", "forget_hub", "change_standing_order"} <= named
    Actions(ROUTES)


def test_every_action_is_in_the_documentation() -> None:
    page = (Path(__file__).parents[3] / "docs/audit.md").read_text()
    missing = {action_of(route).name for route in ROUTES if changes(route)}
    missing = {name for name in missing if f"`{name}`" not in page}
    assert not missing


def test_lines_are_found_by_every_action_there_is_and_by_no_other_word() -> None:
    page = (Path(__file__).parents[3] / "docs/audit.md").read_text()
    table = page.split("## Actions")[1].split("## ")[0]
    cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    told = {word for cell in cells for word in re.findall(r"`(\w+)`", cell)}
    assert {action_of(route).name for route in ROUTES if changes(route)} <= told
    assert told == set(get_args(Action))
    ends = {*FINAL, *(set(BatchStatus) - OPEN_BATCH)}
    assert {"accepted", "refused", "noted", *ends} == set(get_args(Outcome))


def test_a_bridge_with_a_forgotten_route_is_not_even_made() -> None:
    router = APIRouter()

    @router.post("/api/anything")
    async def forgotten() -> None: ...

    with pytest.raises(ValueError, match="nobody said what"):
        Actions(router.routes)


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("POST", "/api/flash/job/job_1_a/cancel", "cancel"),
        ("POST", "/api/flash/cancel/job_1_a", "cancel"),
        ("PATCH", "/api/flash/job/job_1_a", "change_job"),
        ("GET", "/api/flash/job/job_1_a", None),
        ("HEAD", "/api/images/0", None),
        ("OPTIONS", "/api/flash/start", None),
        ("POST", "/api/flash/expected", None),
        ("DELETE", "/api/flash/start", None),
        ("POST", "/nowhere", None),
    ],
)
def test_a_request_is_what_its_route_does(method: str, path: str, name: str | None) -> None:
    scope = {"type": "http", "method": method, "path": path, "root_path": "", "headers": []}
    found = Actions(ROUTES).find(scope)
    assert (found and found.action.name) == name
    if found and "job" in path:
        assert found.path == {"job_id": "job_1_a"}


def test_what_is_told_of_a_start_are_the_fields_it_knows_but_its_key() -> None:
    @audited("start", StartRequest)
    async def start() -> None: ...

    router = APIRouter()
    router.post("/start")(start)
    told = action_of(router.routes[0]).told
    assert {"deviceId", "partitions", "method", "image", "requirements", "values"} <= told
    assert not told & {"idempotencyKey", "token", "password"}
