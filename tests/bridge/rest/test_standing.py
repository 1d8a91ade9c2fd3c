"""Standing orders over REST: made, looked at, changed, removed; and what is refused."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from sqlalchemy import Connection, text

from flashyard_bridge.standing import orders
from support.rig import Rig

WHERE = {"deviceId": "NOBODY_*", "emulated": True}
FLASH = {"partition": "boot", "imageSize": 4096}
PATH = "/api/standing-orders"

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def add(rig: Rig, **more: Any) -> dict[str, Any]:
    answer = await rig.http.post(PATH, json={"where": WHERE, "flash": FLASH, **more})
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def test_one_is_made_looked_at_changed_and_removed(rig: Rig) -> None:
    told = await add(rig, name="line 1", colour="red", flash={**FLASH, "speed": 1, "verify": None})
    assert sorted(told["ignored"]) == ["colour", "flash.speed"]
    order = told["standingOrder"]
    path = f"{PATH}/{order['id']}"
    assert order == {
        "id": order["id"],
        "name": "line 1",
        "where": WHERE,
        "flash": {**FLASH, "speed": 1},
        "stopAfterFailures": 3,
        "enabled": False,
        "createdAt": order["createdAt"],
        "flashed": 0,
        "failed": 0,
        "failuresInRow": 0,
        "askedBy": {"address": "127.0.0.1", "agent": f"python-httpx/{httpx.__version__}"},
    }
    assert (await rig.http.get(path)).json()["standingOrder"] == order
    listed = (await rig.http.get(PATH)).json()
    assert order in listed["standingOrders"]
    assert listed["count"] == len(listed["standingOrders"])
    changed = await rig.http.patch(path, json={"maxDevices": 7, "enabled": True, "name": None})
    assert changed.json()["standingOrder"] == {**order, "maxDevices": 7, "enabled": True}
    assert (await rig.http.delete(path)).json() == {"success": True, "id": order["id"]}
    for method in ("GET", "DELETE", "PATCH"):
        answer = await rig.http.request(method, path, json={} if method == "PATCH" else None)
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_standing_order")


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"where": None}, "invalid_request", "where"),
        ({"where": {}}, "invalid_request", "where"),
        ({"where": {"deviceId": ""}}, "invalid_request", "where.deviceId"),
        ({"where": {"hubId": "*"}}, "invalid_request", "where.hubId"),
        ({"flash": None}, "invalid_request", "flash"),
        ({"flash": {"deviceId": "A"}}, "invalid_request", "flash.deviceId"),
        ({"flash": {"idempotencyKey": "A"}}, "invalid_request", "flash.idempotencyKey"),
        ({"flash": {"partition": "no/slash"}}, "invalid_request", "flash.partition"),
        ({"flash": {"verify": "twice"}}, "invalid_request", "flash.verify"),
        ({"flash": {"partition": "boot", "image": "0" * 64}}, "unknown_image", "flash"),
        ({"flash": {"image": "0" * 64}}, "partition_required", None),
        ({"flash": {**FLASH, "partition": "xbl"}}, "partition_denied", None),
        ({"where": {"deviceId": "*"}}, "image_required", None),
        ({"stopAfterFailures": 0}, "invalid_request", "stopAfterFailures"),
        ({"maxDevices": "7"}, "invalid_request", "maxDevices"),
        ({"name": "a\nb"}, "invalid_request", "name"),
    ],
)
async def test_what_could_never_be_carried_out_is_refused(
    rig: Rig, change: dict[str, Any], code: str, field: str | None
) -> None:
    answer = await rig.http.post(PATH, json={"where": WHERE, "flash": FLASH, **change})
    assert answer.json()["code"] == code, answer.text
    assert answer.json().get("field") == field


async def test_what_a_device_may_not_survive_is_taken_where_it_is_allowed(rig: Rig) -> None:
    await add(rig, flash={**FLASH, "partition": "xbl", "allowDangerous": True})


async def test_there_is_an_end_to_their_number(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orders, "MAX_ORDERS", (await rig.http.get(PATH)).json()["count"] + 1)
    await add(rig)
    answer = await rig.http.post(PATH, json={"where": WHERE, "flash": FLASH})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


async def test_without_its_database_a_bridge_still_lists_and_flashes_and_says_so(
    rig: Rig,
) -> None:
    def lose(connection: Connection) -> None:
        for table in ("alembic_version", "standing_orders"):
            connection.execute(text(f"ALTER TABLE {table} RENAME TO {table}_lost"))

    def find(connection: Connection) -> None:
        for table in ("alembic_version", "standing_orders"):
            connection.execute(text(f"ALTER TABLE {table}_lost RENAME TO {table}"))

    device = await rig.plug()
    database = rig.bridge.state.database
    await database.write(lose)
    try:
        health = await rig.http.get("/health")
        assert (health.status_code, health.json()["database"]) == (503, "unreachable")
        answer = await rig.http.get(PATH)
        assert (answer.status_code, answer.json()["code"]) == (503, "database_unreachable")
        assert (await rig.http.get(f"/api/devices/{device}")).status_code == 200
        assert (await rig.start(deviceId=device, imageSize=4096))["status"] == "started"
    finally:
        await database.write(find)
    assert (await rig.http.get("/health")).json()["database"] == "connected"
