"""A real bridge acts on standing orders, with a hub that does as a test says."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from flashyard.contract.faults import Code
from flashyard.contract.messages import DeviceChanged
from flashyard.contract.orders import StartOrder
from flashyard.contract.phases import Status
from flashyard.contract.records import Job
from flashyard.contract.topics import Kind, build
from flashyard_bridge.standing import overseer
from support.rig import Rig
from support.scripted_hub import ScriptedHub, accept, refuse_with, stay_silent
from support.served import served_bridge
from support.waiting import until, until_told

FLASH = {"partition": "boot", "imageSize": 4096}

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Orders:
    """The standing orders of a test, gone at its end."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig

    async def add(self, glob: str, **more: object) -> str:
        wish = {"where": {"deviceId": glob, "emulated": True}, "flash": FLASH, "enabled": True}
        answer = await self.rig.http.post("/api/standing-orders", json=wish | more)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["standingOrder"]["id"])

    async def change(self, order_id: str, **wish: object) -> dict[str, Any]:
        answer = await self.rig.http.patch(f"/api/standing-orders/{order_id}", json=wish)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()["standingOrder"]
        return told

    async def read(self, order_id: str) -> dict[str, Any]:
        answer = await self.rig.http.get(f"/api/standing-orders/{order_id}")
        told: dict[str, Any] = answer.json()["standingOrder"]
        return told

    async def done(self, device: str) -> str:
        answer = await self.rig.http.get(f"/api/devices/{device}")
        return str(answer.json()["device"].get("standingOrder", {}).get("done"))

    async def until(self, device: str, done: str) -> None:
        async def is_so() -> bool:
            return await self.done(device) == done

        await until_told(is_so, within=20)

    def starts(self, device: str) -> list[StartOrder]:
        return [order for order in self.rig.hub.starts if order.device_id == device]

    async def started(self, device: str, times: int = 1) -> StartOrder:
        """Wait for a device's newest start, and until the bridge has its receipt."""
        await until(lambda: len(self.starts(device)) == times)
        last = self.starts(device)[-1]
        await until(lambda: self.rig.bridge.state.fleet.job(last.job_id))
        return last

    async def end(self, device: str, code: Code | None = None, times: int = 1) -> None:
        """Have a device's job end once it was started."""
        last = await self.started(device, times)
        self.rig.hub.end(device, self.rig.job(last.job_id), code)

    async def replug(self, device: str) -> None:
        await self.rig.plug(device, online=False, recent=self.rig.hub.devices[device].recent)
        await self.rig.plug(device, recent=self.rig.hub.devices[device].recent)

    async def a_round(self) -> None:
        """Wait until everything that is known was looked at; the last of all is a new device."""
        marker = await self.rig.plug()
        order_id = await self.add(marker)
        await self.started(marker)
        await self.rig.http.delete(f"/api/standing-orders/{order_id}")


def hear_of(rig: Rig, device_id: str, **facts: object) -> None:
    """Have the bridge hear a device's record at once, as if the broker had brought it."""
    known = rig.hub.devices[device_id]
    device = rig.hub.devices[device_id] = known.with_(rev=known.rev + 1, **facts)
    now, hub_id = rig.bridge.state.now(), device.hub_id
    said = DeviceChanged(device_id=device_id, hub_id=hub_id, timestamp=now, device=device)
    topic = build(Kind.DEVICE, hub_id, device_id)
    rig.bridge.intake.hear(topic, said.encode(), False)  # noqa: FBT003 - the link's own order


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits that only make one wait are short."""
    monkeypatch.setattr(overseer, "EVERY", 0.5)
    monkeypatch.setattr(overseer, "REST", 0.5)
    monkeypatch.setattr(overseer, "PAUSE", 0.02)


@pytest_asyncio.fixture(loop_scope="module")
async def orders(rig: Rig) -> AsyncIterator[Orders]:
    yield Orders(rig)
    for order in (await rig.http.get("/api/standing-orders")).json()["standingOrders"]:
        await rig.http.delete(f"/api/standing-orders/{order['id']}")


async def test_what_is_there_and_what_is_plugged_in_later_is_flashed_once(orders: Orders) -> None:
    early = await orders.rig.plug("ONCE_1")
    order_id = await orders.add("ONCE_*")
    await orders.until(early, "running")
    await orders.end(early)
    late = await orders.rig.plug("ONCE_2")
    await orders.end(late)
    for device in (early, late):
        await orders.until(device, "flashed")
        await orders.replug(device)
    await orders.a_round()
    assert [len(orders.starts(device)) for device in (early, late)] == [1, 1]
    told = [orders.starts(device)[0].serial for device in (early, late)]
    assert told == [orders.rig.hub.devices[each].serial for each in (early, late)]
    assert (await orders.read(order_id))["flashed"] == 2


async def test_an_order_is_off_until_it_is_enabled(orders: Orders) -> None:
    device = await orders.rig.plug("OFF_1")
    order_id = await orders.add("OFF_*", enabled=False)
    await orders.a_round()
    assert orders.starts(device) == []
    assert await orders.done(device) == "None"
    await orders.change(order_id, enabled=True)
    await orders.started(device)


async def test_a_device_in_another_mode_is_flashed_once_it_can_be(orders: Orders) -> None:
    device = await orders.rig.plug("MODE_1", mode="adb", hint="Run `adb reboot bootloader`.")
    await orders.add("MODE_*")
    await orders.a_round()
    assert orders.starts(device) == []
    told = (await orders.rig.http.get(f"/api/devices/{device}")).json()["device"]
    assert told["standingOrder"]["why"] == "Run `adb reboot bootloader`."
    await orders.rig.plug(device)
    await orders.started(device)


async def test_a_failed_one_is_tried_again_when_it_is_plugged_in_anew(orders: Orders) -> None:
    device = await orders.rig.plug("AGAIN_1")
    order_id = await orders.add("AGAIN_*", stopAfterFailures=9)
    for times in (1, 2, 3):
        await orders.end(device, Code.LINK_LOST, times)
        await orders.until(device, "failed")
        await orders.a_round()
        assert len(orders.starts(device)) == times, "it is no loop"
        await orders.replug(device)
    await orders.a_round()
    assert len(orders.starts(device)) == 3, "a few times are enough"
    told = await orders.read(order_id)
    assert (told["failed"], told["failuresInRow"], told["lastError"]) == (3, 3, "link_lost")
    await orders.change(order_id, enabled=True)
    await orders.end(device, times=4)
    await orders.until(device, "flashed")


async def test_one_that_is_pulled_and_plugged_in_again_in_a_breath_is_tried_again(
    rig: Rig,
) -> None:
    """Its hub was started anew: that it was there before it was pulled is news, too."""
    async with ScriptedHub(rig.broker.url, "bench-b") as hub:
        orders = Orders(Rig(rig.broker, hub, rig.bridge))
        device = await orders.rig.plug("BREATH_1")
        await orders.add("BREATH_*")
        await orders.end(device, Code.LINK_LOST)
        await orders.until(device, "failed")
        hub.session = "s2"
        hub.say_presence()
        hubs = rig.bridge.state.fleet.hubs
        await until(lambda: any(each.session == "s2" for each in hubs()))
        for online in (True, False, True):  # nobody has the time to look in between
            hear_of(orders.rig, device, session="s2", online=online)
        await orders.end(device, times=2)
        await orders.until(device, "flashed")
        await rig.forget(hub)


async def test_it_stops_itself_after_failures_in_a_row_and_says_so(
    orders: Orders, caplog: pytest.LogCaptureFixture
) -> None:
    order_id = await orders.add("STOP_*", name="line 7", stopAfterFailures=2)
    for number, code in enumerate([Code.LINK_LOST, None, Code.LINK_LOST, Code.DEVICE_LOCKED]):
        device = await orders.rig.plug(f"STOP_{number}")
        await orders.end(device, code)
        await orders.until(device, "flashed" if code is None else "failed")
    told = await orders.read(order_id)
    assert told["enabled"] is False
    assert told["stoppedBecause"] == "It stopped itself after 2 failures in a row: device_locked"
    assert any(
        "line 7 is over: It stopped itself" in record.message
        for record in caplog.records
        if record.levelno == logging.WARNING
    )
    late = await orders.rig.plug("STOP_9")
    await orders.a_round()
    assert orders.starts(late) == []
    told = await orders.change(order_id, enabled=True)
    assert (told["failed"], told["failuresInRow"], told.get("stoppedBecause")) == (0, 0, None)
    await orders.started(late)


async def test_it_stops_itself_when_enough_devices_are_flashed(orders: Orders) -> None:
    devices = [await orders.rig.plug(f"MOST_{number}") for number in range(3)]
    order_id = await orders.add("MOST_*", maxDevices=2)
    await until(lambda: sum(len(orders.starts(each)) for each in devices) == 2)
    await orders.a_round()
    begun = [device for device in devices if orders.starts(device)]
    assert len(begun) == 2, "those that run count, too"
    for device in begun:
        await orders.end(device)
        await orders.until(device, "flashed")
    told = await orders.read(order_id)
    assert (told["flashed"], told["enabled"]) == (2, False)
    assert told["stoppedBecause"] == "Its 2 devices are flashed."


async def test_another_image_is_due_for_every_serial_and_another_name_for_none(
    orders: Orders,
) -> None:
    device = await orders.rig.plug("NEW_1")
    order_id = await orders.add("NEW_*")
    await orders.end(device)
    await orders.until(device, "flashed")
    await orders.change(order_id, name="new name", stopAfterFailures=5)
    await orders.a_round()
    assert len(orders.starts(device)) == 1
    told = await orders.change(order_id, flash={**FLASH, "imageSize": 8192})
    assert told["flashed"] == 0
    assert (await orders.started(device, times=2)).total_bytes == 8192


async def test_a_busy_device_is_not_queued_upon(orders: Orders) -> None:
    device = await orders.rig.plug("BUSY_1")
    job = await orders.rig.start(deviceId=device, imageSize=4096)
    await orders.add("BUSY_*")
    await orders.a_round()
    assert len(orders.starts(device)) == 1
    orders.rig.hub.end(device, orders.rig.job(job["jobId"]))
    await orders.started(device, times=2)


async def test_a_refusal_that_may_pass_is_tried_again_and_costs_nothing(orders: Orders) -> None:
    orders.rig.hub.answer = refuse_with(Code.QUEUE_FULL)
    device = await orders.rig.plug("FULL_1")
    order_id = await orders.add("FULL_*")
    await until(lambda: orders.starts(device))
    await orders.until(device, "due")
    orders.rig.hub.answer = accept
    await orders.started(device, times=2)
    assert (await orders.read(order_id))["failed"] == 0


@pytest.mark.parametrize("code", [Code.NOT_SUPPORTED, Code.INVALID_REQUEST])
async def test_a_refusal_for_good_is_a_failure(orders: Orders, code: Code) -> None:
    orders.rig.hub.answer = refuse_with(code)
    device = await orders.rig.plug(f"NEVER_{code}")
    order_id = await orders.add(f"NEVER_{code}", stopAfterFailures=1)
    await orders.until(device, "failed")
    told = await orders.read(order_id)
    assert (told["failed"], told["enabled"], len(orders.starts(device))) == (1, False, 1)


async def test_what_can_never_be_ordered_is_a_failure_without_a_job(orders: Orders) -> None:
    device = await orders.rig.plug("SMALL_1", partitions={"boot": 4095})
    order_id = await orders.add("SMALL_*")
    await orders.until(device, "failed")
    assert orders.starts(device) == []
    assert "do not fit" in (await orders.read(order_id))["lastError"]


async def test_somebodys_cancel_is_not_held_against_the_order(orders: Orders) -> None:
    device = await orders.rig.plug("CANCEL_1")
    order_id = await orders.add("CANCEL_*", stopAfterFailures=1)
    last = await orders.started(device)
    job = orders.rig.job(last.job_id).with_(status=Status.CANCELLED)
    orders.rig.hub.end(device, job, Code.CANCELLED)
    await orders.until(device, "failed")
    assert (await orders.read(order_id))["enabled"] is True


async def test_a_retry_by_hand_that_completes_makes_it_flashed(orders: Orders) -> None:
    device = await orders.rig.plug("HAND_1")
    order_id = await orders.add("HAND_*")
    await orders.end(device, Code.LINK_LOST)
    await orders.until(device, "failed")
    first = orders.starts(device)[0].job_id
    answer = await orders.rig.http.post(f"/api/flash/job/{first}/retry")
    assert answer.status_code == 200
    await orders.until(device, "running")
    await orders.end(device, times=2)
    await orders.until(device, "flashed")
    assert (await orders.read(order_id))["flashed"] == 1


async def test_an_image_that_an_order_needs_is_kept(orders: Orders) -> None:
    sha256 = await orders.rig.upload(b"\x01" * 4096)
    order_id = await orders.add("IMAGE_*", flash={"partition": "boot", "image": sha256})
    refused = await orders.rig.http.delete(f"/api/images/{sha256}")
    assert (refused.status_code, refused.json()["code"]) == (409, "image_in_use")
    await orders.change(order_id, enabled=False)
    assert (await orders.rig.http.delete(f"/api/images/{sha256}")).status_code == 200


async def test_whatever_a_start_can_do_an_order_can(orders: Orders) -> None:
    first, second = [await orders.rig.upload(bytes([n]) * 4096) for n in (2, 3)]
    steps = [{"partition": "boot", "image": first}, {"partition": "system", "image": second}]
    flash = {"partitions": steps, "wipe": True, "verify": "none"}
    order_id = await orders.add("STEPS_*", flash=flash)
    start = await orders.started(await orders.rig.plug("STEPS_1"))
    assert [step.partition for step in start.steps] == ["boot", "system"]
    assert (start.options.wipe, start.options.verify) == (True, "none")
    assert (await orders.rig.http.delete(f"/api/images/{second}")).status_code == 409
    assert (await orders.read(order_id))["flash"] == flash


async def test_an_order_without_a_receipt_is_sent_again_for_the_same_job_and_not_cancelled(
    rig: Rig, tmp_path: Any
) -> None:
    """A bridge of its own, as impatient as the test."""
    broker, hub = rig.broker, rig.hub
    hub.answer = stay_silent
    async with served_bridge(broker.url, tmp_path, deadline=0.3, patience=0.5) as bridge:
        await bridge.state.pictured()
        orders = Orders(Rig(broker, hub, bridge))
        await rig.plug("SILENT_1")
        await orders.add("SILENT_*")
        await until(lambda: len(orders.starts("SILENT_1")) >= 2)
        assert await orders.done("SILENT_1") == "running", "it may be, for all that is known"
        # It had come through: the hub has flashed it meanwhile, and says so of the same job.
        hub.answer = lambda order: accept(order).with_(status=Status.COMPLETED)
        await orders.until("SILENT_1", "flashed")
        assert {order.kind for order in hub.orders} == {"start"}
        assert len({order.job_id for order in orders.starts("SILENT_1")}) == 1
        assert bridge.state.fleet.job(orders.starts("SILENT_1")[0].job_id) is None


async def test_two_bridges_on_one_database_start_a_device_once(
    rig: Rig, tmp_path: Path, database_url: str
) -> None:
    async with (
        served_bridge(rig.broker.url, tmp_path / "a", database=database_url) as one,
        served_bridge(rig.broker.url, tmp_path / "b", database=database_url) as two,
    ):
        await asyncio.gather(one.state.pictured(), two.state.pictured())
        orders = Orders(Rig(rig.broker, rig.hub, one))
        await orders.add("SHARED_*")
        devices = [await rig.plug(f"SHARED_{number}") for number in range(12)]
        fleets = [one.state.fleet, two.state.fleet]
        await until(lambda: all(orders.starts(device) for device in devices))
        for order in [orders.starts(device)[0] for device in devices]:

            def known(job_id: str = order.job_id) -> list[Job]:
                return [job for fleet in fleets if (job := fleet.job(job_id))]

            await until(known)
            rig.hub.end(order.device_id, known()[0])
        for which in (one, two):
            there = Orders(Rig(rig.broker, rig.hub, which))
            for device in devices:
                await there.until(device, "flashed")
        assert [len(orders.starts(device)) for device in devices] == [1] * 12
        [told] = await two.state.standing.all()
        assert told.flashed == 12
