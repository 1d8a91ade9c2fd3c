"""A real bridge takes batches to their end, with a hub that does as a test says."""

from __future__ import annotations

import pytest

from flashyard.contract.faults import Code
from flashyard.contract.orders import CancelOrder
from flashyard_bridge.batches import starting
from support.batch_shelf import FLASH, Shelf
from support.rig import Rig
from support.scripted_hub import accept, refuse_with, stay_silent
from support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_every_device_is_flashed_and_the_batch_says_so(rig: Rig) -> None:
    shelf = Shelf(rig, "ALL", 3)
    told = await shelf.start(name="shelf 1", surprise=1)
    assert (told["success"], told["total"], told["ignored"]) == (True, 3, ["surprise"])
    await shelf.until("running", "running", "running")
    now = await shelf.read()
    assert (now["name"], now["status"], now["continueOnError"]) == ("shelf 1", "running", True)
    assert now["counts"]["running"] == 3
    for number in range(3):
        await shelf.end(number)
    over = await shelf.ended()
    assert (over["status"], over["progress"], over["totalBytes"]) == ("completed", 100.0, 3 * 4096)
    assert [item["progress"] for item in over["items"]] == [100.0] * 3
    assert [len(shelf.starts(number)) for number in range(3)] == [1, 1, 1]
    assert shelf.starts(0)[0].serial == rig.hub.devices[shelf.devices[0]].serial


async def test_no_more_run_at_once_than_was_agreed(rig: Rig) -> None:
    shelf = Shelf(rig, "PAR", 4)
    await shelf.start(maxParallel=2)
    await shelf.until("running", "running", "waiting", "waiting")
    await shelf.end(1)
    await shelf.until("running", "completed", "running", "waiting")
    assert len(shelf.starts()) == 3
    for number in (0, 2, 3):
        await shelf.end(number)
    assert (await shelf.ended())["counts"] == {
        "waiting": 0,
        "starting": 0,
        "running": 0,
        "completed": 4,
        "failed": 0,
        "cancelled": 0,
        "skipped": 0,
    }


async def test_failures_are_borne_up_to_a_number_and_then_it_stops(rig: Rig) -> None:
    shelf = Shelf(rig, "STOP", 5)
    await shelf.start(maxParallel=2, maxFailures=1)
    await shelf.end(0, Code.LINK_LOST)
    await shelf.until("failed", "running", "running", "waiting", "waiting")
    await shelf.end(2, Code.DEVICE_LOCKED)
    await shelf.until("failed", "running", "failed", "skipped", "skipped")
    now = await shelf.read()
    assert now["status"] == "running", "what runs comes to its end"
    assert now["stoppedBecause"] == "2 of 5 devices failed; more than 1 stop the batch."
    assert await shelf.ask("pause") == (409, (await shelf.ask("pause"))[1])
    await shelf.end(1)
    over = await shelf.ended()
    assert over["status"] == "stopped"
    assert over["items"][2]["code"] == "device_locked"
    assert over["progress"] < 100


async def test_without_continue_on_error_the_first_failure_stops_it(rig: Rig) -> None:
    shelf = Shelf(rig, "FIRST", 3)
    await shelf.start(maxParallel=1, continueOnError=False)
    await shelf.end(0, Code.LINK_LOST)
    over = await shelf.ended()
    assert (over["status"], over["continueOnError"]) == ("stopped", False)
    assert await shelf.statuses() == ["failed", "skipped", "skipped"]
    assert shelf.starts(1) == []


async def test_a_start_that_is_refused_is_a_failure_and_the_others_go_on(rig: Rig) -> None:
    shelf = Shelf(rig, "REFUSED", 2)
    bad = shelf.devices[0]
    refuse = refuse_with(Code.QUEUE_FULL)
    rig.hub.answer = lambda order: (
        refuse(order) if getattr(order, "device_id", "") == bad else accept(order)
    )
    await shelf.start()
    await shelf.end(1)
    over = await shelf.ended()
    assert over["status"] == "failed"
    assert [item.get("code") for item in over["items"]] == ["queue_full", None]


async def test_a_hub_that_does_not_answer_is_asked_again_for_the_same_job(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rig.bridge.state.orders, "_deadline", 0.2)
    rig.hub.answer = stay_silent
    shelf = Shelf(rig, "SILENT", 1)
    await shelf.start()
    await until(lambda: len(shelf.starts()) >= 2)
    now = await shelf.read()
    assert now["items"][0]["status"] == "starting"
    assert now["items"][0]["code"] == "hub_no_answer", "why it has not begun"
    rig.hub.answer = accept
    await shelf.until("running")
    assert len({order.job_id for order in shelf.starts()}) == 1
    await shelf.end(0)
    over = await shelf.ended()
    assert over["status"] == "completed"
    assert "code" not in over["items"][0]


async def test_a_hub_that_never_answers_is_given_up_and_what_it_may_have_begun_cancelled(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rig.bridge.state.orders, "_deadline", 0.1)
    rig.hub.answer = stay_silent
    shelf = Shelf(rig, "NEVER", 1)
    await shelf.start()
    over = await shelf.ended()
    assert over["status"] == "failed"
    assert over["items"][0]["code"] == "hub_no_answer"
    assert len(shelf.starts()) == starting.MAX_TRIES
    await until(lambda: isinstance(rig.hub.orders[-1], CancelOrder))


async def test_a_cancel_skips_what_waits_and_ends_what_runs(rig: Rig) -> None:
    shelf = Shelf(rig, "CANCEL", 3)
    await shelf.start(maxParallel=2)
    await shelf.until("running", "running", "waiting")
    for _ in range(2):
        status, told = await shelf.ask("cancel")
        assert (status, told["status"], told["requested"]) == (200, "running", "cancel")
    assert (await shelf.statuses())[2] == "skipped"
    jobs = {order.job_id for order in shelf.starts()}
    await until(lambda: jobs == {o.job_id for o in rig.hub.orders if isinstance(o, CancelOrder)})
    await shelf.end(0, Code.CANCELLED)
    await shelf.end(1)  # it was past its last safe point
    over = await shelf.ended()
    assert over["status"] == "cancelled"
    assert await shelf.statuses() == ["cancelled", "completed", "skipped"]
    status, told = await shelf.ask("cancel")
    assert (status, told["code"]) == (409, "already_final")


async def test_a_cancel_does_not_forget_a_start_that_is_under_way(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rig.bridge.state.orders, "_deadline", 0.3)
    rig.hub.answer = stay_silent
    shelf = Shelf(rig, "LATE", 1)
    await shelf.start()
    await until(shelf.starts)
    assert (await shelf.ask("cancel"))[0] == 200
    rig.hub.answer = refuse_with(Code.UNKNOWN_JOB)
    over = await shelf.ended()
    assert (over["status"], over["items"][0]["status"]) == ("cancelled", "cancelled")
    assert isinstance(rig.hub.orders[-1], CancelOrder)
    assert rig.hub.orders[-1].job_id == shelf.starts()[0].job_id


async def test_a_pause_holds_back_what_waits_and_nothing_else(rig: Rig) -> None:
    shelf = Shelf(rig, "PAUSE", 2)
    await shelf.start(maxParallel=1)
    await shelf.until("running", "waiting")
    for _ in range(2):
        assert (await shelf.ask("pause"))[1]["status"] == "paused"
    await shelf.end(0)
    await shelf.until("completed", "waiting")
    assert (await shelf.read())["status"] == "paused"
    assert shelf.starts(1) == []
    assert (await shelf.ask("resume"))[1]["status"] == "running"
    await shelf.end(1)
    assert (await shelf.ended())["status"] == "completed"


async def test_progress_is_that_of_all_bytes_and_never_falls(rig: Rig) -> None:
    shelf = Shelf(rig, "BYTES", 2)
    await shelf.start()
    await shelf.until("running", "running")
    await shelf.end(0)
    await shelf.until("completed", "running")
    assert (await shelf.read())["progress"] == 50.0
    await shelf.end(1, Code.LINK_LOST)
    over = await shelf.ended()
    assert (over["status"], over["progress"]) == ("failed", 50.0)


async def test_without_a_broker_it_rests_and_then_goes_on(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The hub may come back after the bridge: then it does not hear what it is asked first.
    monkeypatch.setattr(rig.bridge.state.orders, "_deadline", 0.5)
    monkeypatch.setattr(starting, "LONGEST", 2_000)
    monkeypatch.setattr(starting, "FIRST", 500)
    shelf = Shelf(rig, "REST", 2)
    for device in shelf.devices:
        await rig.plug(device)
    link = rig.bridge.state.link
    await rig.broker.stop()
    await until(lambda: not link.is_up)
    body = {"devices": shelf.devices, **FLASH}
    answer = await rig.http.post("/api/flash/batch", json=body)
    assert answer.status_code == 200, answer.text
    shelf.batch_id = answer.json()["batchId"]
    assert await shelf.statuses() == ["waiting", "waiting"]
    await rig.broker.start()
    for number in range(2):
        await shelf.end(number)
    assert (await shelf.ended())["status"] == "completed"
    assert len({order.job_id for order in shelf.starts()}) == 2
