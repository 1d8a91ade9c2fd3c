"""Hubs over REST: list, and forget one that is gone."""

from __future__ import annotations

import pytest

from support.rig import Rig
from support.scripted_hub import ScriptedHub
from support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_all_hubs_are_listed(rig: Rig) -> None:
    said = (await rig.http.get("/api/hubs")).json()
    [hub] = said["hubs"]
    assert (hub["hubId"], hub["online"], hub["session"]) == ("bench-a", True, rig.hub.session)
    assert hub["limits"]["maxParallel"] == 8


async def test_a_hub_that_is_online_cannot_be_forgotten(rig: Rig) -> None:
    answer = await rig.http.delete("/api/hubs/bench-a")
    assert (answer.status_code, answer.json()["code"]) == (409, "illegal_state")
    answer = await rig.http.delete("/api/hubs/nobody")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_hub")


async def test_a_forgotten_hub_takes_its_devices_along(rig: Rig) -> None:
    fleet = rig.bridge.state.fleet
    async with ScriptedHub(rig.broker.url, "bench-z") as other:
        other.plug("ONE")
        other.plug("TWO", online=False)
        await until(lambda: len([d for d in fleet.devices() if d.hub_id == "bench-z"]) == 2)
        other.say_presence(online=False)
        await until(lambda: not any(hub.online for hub in fleet.hubs() if hub.hub_id == "bench-z"))
        answer = await rig.http.delete("/api/hubs/bench-z")
    assert (answer.status_code, answer.json()) == (200, {"success": True, "hubId": "bench-z"})
    assert [hub["hubId"] for hub in (await rig.http.get("/api/hubs")).json()["hubs"]] == ["bench-a"]
    assert fleet.find("ONE") == fleet.find("TWO") == []
