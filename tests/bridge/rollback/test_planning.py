"""The way back of a job: planned before it starts, shown in it, refused where there is none."""

from __future__ import annotations

from typing import Any

import pytest

from flashyard.contract.entries import recent_entry
from flashyard.contract.faults import Code
from flashyard.contract.phases import Phase, Status, Verification
from flashyard.contract.records import ImageRef, Job, StepRecord
from support.rig import Rig
from support.scripted_hub import queue
from support.waiting import until, until_told

pytestmark = pytest.mark.asyncio(loop_scope="module")

BOOT, NEW_BOOT, SYSTEM = b"boot" * 1024, b"BOOT" * 1024, b"system" * 4096
AB: dict[str, Any] = {
    "slots": ("a", "b"),
    "current_slot": "a",
    "partitions": dict.fromkeys(("boot_a", "boot_b", "system_a", "system_b", "userdata"), 1 << 30),
}


async def refused(rig: Rig, **body: Any) -> dict[str, Any]:
    rig.hub.orders.clear()
    answer = await rig.http.post("/api/flash/start", json=body)
    said: dict[str, Any] = answer.json()
    assert (answer.status_code, said["code"]) == (422, Code.ROLLBACK_IMPOSSIBLE), said
    assert not rig.hub.orders, "nothing was started"
    return said


async def flashed(rig: Rig, device_id: str, image: str, partition: str = "boot") -> str:
    """Have one image be written there, and seen by the bridge to be."""
    started = await rig.start(deviceId=device_id, partition=partition, image=image)
    job = rig.job(started["jobId"]).with_(verification=Verification.TRANSPORT)
    rig.hub.end(device_id, job)
    await until(lambda: rig.job(job.job_id).is_final)
    rig.hub.orders.clear()
    return job.job_id


async def noted(rig: Rig, serial: str, place: str, sha256: str) -> None:
    """Wait until that is on record."""

    async def is_so() -> bool:
        found = await rig.bridge.state.ledger.find(serial, [place])
        return place in found and found[place].sha256 == sha256

    await until_told(is_so, 15.0)


# To the slot that is active


async def test_a_job_for_the_inactive_slot_says_which_one_it_would_go_back_to(rig: Rig) -> None:
    device = await rig.plug(**AB)
    body = {"deviceId": device, "partition": "boot", "image": await rig.upload(BOOT)}
    said = await rig.start(**body, slot="b", rollback="slot", verify="booted")
    [order] = rig.hub.starts
    assert order.rollback is not None
    assert (order.rollback.kind, order.rollback.steps, order.serial) == ("slot", (), None)
    assert order.options.rollback == "slot"
    job = rig.job(said["jobId"])
    assert job.rollback is not None
    assert (job.rollback.kind, job.rollback.outcome) == ("slot", "planned")
    assert job.rollback.plan == (
        "If it fails once slot b is active: slot a is made active again, the device restarted,"
        " and seen to start."
    )
    told = (await rig.http.get(f"/api/flash/job/{said['jobId']}")).json()["job"]["rollback"]
    assert told == {"kind": "slot", "outcome": "planned", "plan": job.rollback.plan}


@pytest.mark.parametrize(
    ("facts", "body", "word"),
    [
        ({}, {}, "no slots"),
        ({**AB, "current_slot": None}, {"slot": "b"}, "does not tell"),
        (AB, {}, "is active"),
        (AB, {"slot": "a"}, "is active"),
        (AB, {"slot": "b", "partition": "userdata"}, "Both slots"),
    ],
    ids=["no slots", "hidden", "default", "active", "shared"],
)
async def test_without_another_slot_to_go_back_to_nothing_is_started(
    rig: Rig, facts: dict[str, Any], body: dict[str, Any], word: str
) -> None:
    device = await rig.plug(**facts)
    image = await rig.upload(BOOT)
    wish = {"deviceId": device, "partition": "boot", "image": image, "rollback": "slot", **body}
    assert word in (await refused(rig, **wish))["error"]


# To what was good before


async def test_what_was_never_flashed_well_is_named(rig: Rig) -> None:
    device = await rig.plug(**AB)
    await flashed(rig, device, await rig.upload(BOOT))
    await noted(rig, device, "boot_a", await rig.upload(BOOT))
    image = await rig.upload(NEW_BOOT)
    steps = [{"partition": name, "image": image} for name in ("boot", "system", "userdata")]
    said = await refused(rig, deviceId=device, partitions=steps, rollback="last-good")
    assert said["details"] == "system, userdata"


async def test_the_images_that_were_good_go_with_the_order_and_stay_in_the_store(rig: Rig) -> None:
    device = await rig.plug(**AB)
    boot, system, new = [await rig.upload(each * 2) for each in (BOOT, SYSTEM, NEW_BOOT)]
    await flashed(rig, device, boot)
    await flashed(rig, device, system, "system")
    await noted(rig, device, "boot_a", boot)
    await noted(rig, device, "system_a", system)
    rig.hub.answer = queue
    steps = [{"partition": name, "image": new} for name in ("boot", "system")]
    said = await rig.start(deviceId=device, partitions=steps, rollback="last-good")
    [order] = rig.hub.starts
    assert order.rollback is not None
    assert order.serial == device
    assert [(s.partition, s.image.sha256) for s in order.rollback.steps] == [
        ("boot", boot),
        ("system", system),
    ]
    assert all(step.query for step in order.rollback.steps)
    job = rig.job(said["jobId"])
    assert job.rollback is not None
    assert f"boot gets boot.img ({boot[:12]})" in (job.rollback.plan or "")
    for sha256 in (boot, system, new):
        answer = await rig.http.delete(f"/api/images/{sha256}")
        assert (answer.status_code, answer.json()["code"]) == (409, Code.IMAGE_IN_USE)
    rig.hub.end(device, job, Code.CANCELLED)
    await until(lambda: rig.job(job.job_id).is_final)
    assert (await rig.http.delete(f"/api/images/{boot}")).status_code == 200
    said = await refused(rig, deviceId=device, partition="boot", image=new, rollback="last-good")
    assert said["details"] == "boot", "what is not in the store any more is no way back"


async def test_a_retry_plans_its_way_back_anew(rig: Rig) -> None:
    device = await rig.plug(partitions={"boot": 1 << 30})
    boot, new = await rig.upload(BOOT), await rig.upload(NEW_BOOT)
    await flashed(rig, device, boot)
    await noted(rig, device, "boot", boot)
    started = await rig.start(deviceId=device, partition="boot", image=new, rollback="last-good")
    rig.hub.end(device, rig.job(started["jobId"]), Code.USB_UNPLUGGED)
    await until(lambda: rig.job(started["jobId"]).is_final)
    rig.hub.orders.clear()
    answer = await rig.http.post(f"/api/flash/job/{started['jobId']}/retry")
    assert answer.status_code == 200, answer.text
    [again] = rig.hub.starts
    assert again.rollback is not None
    assert [step.image.sha256 for step in again.rollback.steps] == [boot]


@pytest.mark.parametrize(
    ("body", "word"),
    [({"slot": "inactive"}, "slot"), ({"slot": "b"}, "slot")],
)
async def test_another_slot_than_the_active_one_has_its_own_way_back(
    rig: Rig, body: dict[str, Any], word: str
) -> None:
    device = await rig.plug(**{**AB, "partitions": {"boot_a": 1 << 30, "boot_b": 1 << 30}})
    image = await rig.upload(BOOT)
    wish = {"deviceId": device, "partition": "boot", "image": image, "rollback": "last-good"}
    assert word in (await refused(rig, **wish, **body))["error"]


# What is on record


async def test_another_phone_at_the_same_place_has_no_past(rig: Rig) -> None:
    device = await rig.plug(partitions={"boot": 1 << 30})
    boot = await rig.upload(BOOT)
    await flashed(rig, device, boot)
    await noted(rig, device, "boot", boot)
    await rig.plug(device, serial="ANOTHER", partitions={"boot": 1 << 30})
    said = await refused(rig, deviceId=device, partition="boot", image=boot, rollback="last-good")
    assert said["details"] == "boot"


async def test_what_was_not_checked_as_was_asked_is_not_on_record(rig: Rig) -> None:
    device = await rig.plug(partitions={"boot": 1 << 30, "vendor": 1 << 30})
    boot = await rig.upload(BOOT)
    for verification, options in (
        (Verification.IMAGE, {"verify": "none"}),
        (Verification.TRANSPORT, {"verify": "booted"}),
    ):
        said = await rig.start(deviceId=device, partition="boot", image=boot, **options)
        job = rig.job(said["jobId"]).with_(verification=verification)
        rig.hub.end(device, job)
    await flashed(rig, device, boot, "vendor")
    await noted(rig, device, "vendor", boot)
    assert await rig.bridge.state.ledger.find(device, ["boot"]) == {}


async def test_the_hub_s_own_word_of_a_place_is_taken_before_any_guess(rig: Rig) -> None:
    device = await rig.plug(**AB)
    boot = await rig.upload(BOOT)
    said = await rig.start(deviceId=device, partition="boot", image=boot, slot="b")
    step = StepRecord(
        partition="boot", status=Status.COMPLETED, bytes=len(BOOT), image=boot, place="boot_b"
    )
    job = rig.job(said["jobId"]).with_(steps=(step,), verification=Verification.TRANSPORT)
    rig.hub.run(device, job)
    await until(lambda: rig.job(job.job_id).steps)
    rig.hub.end(device, job)
    await noted(rig, device, "boot_b", boot)
    assert await rig.bridge.state.ledger.find(device, ["boot_a", "boot"]) == {}


async def test_what_ended_while_no_bridge_was_there_is_found_in_the_device_s_record(
    rig: Rig,
) -> None:
    boot = await rig.upload(BOOT)
    image = await rig.bridge.state.images.get(boot)
    device = await rig.plug(partitions={"boot": 1 << 30})
    ref = ImageRef(sha256=image.sha256, name=image.name, size=image.size)
    job = Job(
        job_id="job_1703001234_bbbbbbbb",
        device_id=device,
        device_name=device,
        hub_id=rig.hub.hub_id,
        partition="boot",
        status=Status.COMPLETED,
        phase=Phase.COMPLETED,
        stage="Completed",
        total_bytes=1,
        queued_at=1,
        finished_at=2,
        verification=Verification.TRANSPORT,
        image=ref,
    )
    await rig.plug(device, partitions={"boot": 1 << 30}, recent=(recent_entry(job, 3),))
    await noted(rig, device, "boot", boot)
