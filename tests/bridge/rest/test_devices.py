"""Devices over REST: list, look, and forget one that is gone."""

from __future__ import annotations

import pytest

from flashyard.contract.topics import Kind, build
from flashyard.link import Link
from support.rig import Rig
from support.scripted_hub import ScriptedHub
from support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize("path", ["/api/devices", "/api/flash/devices"])
async def test_all_devices_are_listed(rig: Rig, path: str) -> None:
    here = await rig.plug()
    gone = await rig.plug(online=False)
    said = (await rig.http.get(path)).json()
    told = {device["deviceId"]: device for device in said["devices"]}
    assert said["count"] == len(said["devices"])
    assert (told[here]["online"], told[gone]["online"]) == (True, False)
    assert told[here]["hubId"] == rig.hub.hub_id
    assert told[here]["deviceName"] == f"Name of {here}"


async def test_one_device_can_be_looked_at(rig: Rig) -> None:
    device = await rig.plug("with.dots:and@more")
    said = (await rig.http.get(f"/api/devices/{device}")).json()
    assert said["device"]["deviceId"] == device
    assert None not in said["device"].values()


async def test_a_device_nobody_has_is_not_found(rig: Rig) -> None:
    for method in ("GET", "DELETE"):
        answer = await rig.http.request(method, "/api/devices/NOBODY")
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_device")


async def test_a_device_at_two_hubs_is_listed_twice_and_looked_at_by_its_hub(rig: Rig) -> None:
    device = await rig.plug("TWIN")
    async with ScriptedHub(rig.broker.url, "bench-b") as other:
        other.plug(device, device_name="The other one")
        fleet = rig.bridge.state.fleet
        await until(lambda: sum(each.online for each in fleet.find(device)) == 2)
        said = (await rig.http.get("/api/devices")).json()
        hubs = [each["hubId"] for each in said["devices"] if each["deviceId"] == device]
        assert hubs == ["bench-a", "bench-b"]
        answer = await rig.http.get(f"/api/devices/{device}")
        assert (answer.status_code, answer.json()["code"]) == (409, "ambiguous_device")
        assert "bench-a, bench-b" in answer.json()["details"]
        answer = await rig.http.get(f"/api/devices/{device}", params={"hubId": "bench-b"})
        assert answer.json()["device"]["deviceName"] == "The other one"
        other.plug(device, online=False)
        await until(lambda: sum(each.online for each in fleet.find(device)) == 1)
        answer = await rig.http.get(f"/api/devices/{device}")
        assert answer.json()["device"]["hubId"] == "bench-a"
        await rig.forget(other)


@pytest.mark.parametrize("hub_id", ["UPPER", "", "x" * 40])
async def test_a_hub_id_that_is_none_is_refused(rig: Rig, hub_id: str) -> None:
    answer = await rig.http.get("/api/devices/TWIN", params={"hubId": hub_id})
    assert (answer.status_code, answer.json()["field"]) == (422, "hubId")


async def test_a_device_that_is_online_cannot_be_forgotten(rig: Rig) -> None:
    device = await rig.plug()
    answer = await rig.http.delete(f"/api/devices/{device}")
    assert (answer.status_code, answer.json()["code"]) == (409, "illegal_state")
    assert rig.bridge.state.fleet.find(device)


async def test_a_forgotten_device_is_gone_from_the_list_and_from_the_broker(rig: Rig) -> None:
    device = await rig.plug(online=False)
    answer = await rig.http.delete(f"/api/devices/{device}")
    assert answer.status_code == 200
    assert answer.json() == {"success": True, "deviceId": device, "hubId": rig.hub.hub_id}
    assert (await rig.http.get(f"/api/devices/{device}")).status_code == 404
    topics = await retained(rig)
    assert build(Kind.PRESENCE, rig.hub.hub_id) in topics
    assert build(Kind.DEVICE, rig.hub.hub_id, device) not in topics


async def retained(rig: Rig) -> set[str]:
    """What the broker keeps, as a newcomer finds it; its own marker comes last."""
    seen: set[str] = set()

    def hear(topic: str, _payload: bytes, _retained: bool) -> None:  # noqa: FBT001 - the link's
        seen.add(topic)

    filters = [("flashyard/v1/#", 1), ("marker", 1)]
    async with Link(rig.broker.url, "looker", on_message=hear, subscriptions=filters) as link:
        await link.wait_until_up(10.0)
        link.publish("marker", b"end", qos=1)
        await until(lambda: "marker" in seen)
    return seen
