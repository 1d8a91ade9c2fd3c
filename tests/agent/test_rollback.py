"""A job that fails with a way back at hand: the device is brought back, and the job says how."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flashyard.contract.faults import Code
from flashyard.contract.messages import FlashProgress
from flashyard.contract.phases import Phase
from flashyard.contract.rollback import Outcome
from support.bridge_peer import BridgePeer
from support.emulated import Emulated
from support.hub_at_work import Plug, hub_at_work
from support.image_server import ImageServer, image_server, stored
from support.waiting import until
from support.way_back import AB, FIVE, HASTY, NEW, OLD, asked, came_of, steps


@pytest.fixture
def server() -> Iterator[ImageServer]:
    with image_server() as store:
        for content in (*OLD.values(), *NEW.values()):
            store.add(content)
        yield store


def holds(device: Emulated, contents: dict[str, bytes], suffix: str) -> bool:
    return all(
        device.content(name + suffix)[: len(content)] == content
        for name, content in contents.items()
    )


async def flashed_before(peer: BridgePeer, **options: Any) -> None:
    good = {**asked("slot"), "rollback": None, "steps": steps(OLD), "options": options}
    receipt = await peer.start("DEVICE_1", **good)
    await peer.completed(receipt.job_id)


@pytest.mark.parametrize(
    ("fault", "code", "outcome", "slot"),
    [
        ("flash:3=fail", Code.DEVICE_REFUSED, "not_needed", "a"),
        ("boot-b=stay", Code.NOT_BOOTED, "rolled_back", "a"),
        ("boot-b=silence", Code.NOT_BOOTED, "not_possible", "b"),
    ],
    ids=["part 3 of 5", "never starts", "dies"],
)
async def test_a_job_for_the_other_slot_leaves_the_old_one_active_where_it_can(
    peer: BridgePeer,
    plug: Plug,
    server: ImageServer,
    tmp_path: Path,
    *,
    fault: str,
    code: Code,
    outcome: Outcome,
    slot: str,
) -> None:
    device = plug("DEVICE_1", "tcp", fault, **AB)
    async with hub_at_work(
        peer.link_url,
        tmp_path,
        {"DEVICE_1": device.address},
        bridge_url=server.url,
        timing=HASTY,
        boot_timeout=1,
    ):
        await peer.online("DEVICE_1")
        receipt = await peer.start("DEVICE_1", **asked("slot", slot="inactive", verify="booted"))
        end = await came_of(peer, receipt.job_id, code, outcome)
        slots = device.device.device.slots
        assert (slots.current, slots["a"].successful) == (slot, True)
        if outcome == "rolled_back":
            assert end.device_state is not None
            assert end.device_state.endswith("device started, slot a active again")
        phases = [said.phase for said in peer.said(FlashProgress, receipt.job_id)]
        assert (Phase.ROLLING_BACK in phases) is (outcome != "not_needed")


@pytest.mark.parametrize(
    ("fault", "code", "outcome"),
    [
        ("flash:8=fail", Code.DEVICE_REFUSED, "rolled_back"),
        ("boot:1=fail", Code.NOT_BOOTED, "rolled_back"),
        ("flash:8=die", Code.LINK_LOST, "not_possible"),
    ],
    ids=["part 3 of 5", "does not start", "dies"],
)
async def test_what_was_good_is_written_over_what_was_touched(
    peer: BridgePeer,
    plug: Plug,
    server: ImageServer,
    tmp_path: Path,
    *,
    fault: str,
    code: Code,
    outcome: Outcome,
) -> None:
    device = plug("DEVICE_1", "tcp", fault, **AB)
    async with hub_at_work(
        peer.link_url,
        tmp_path,
        {"DEVICE_1": device.address},
        bridge_url=server.url,
        timing=HASTY,
        boot_timeout=2,
    ):
        await peer.online("DEVICE_1")
        await flashed_before(peer, reboot=False)
        receipt = await peer.start("DEVICE_1", **asked("last-good", verify="booted"))
        end = await came_of(peer, receipt.job_id, code, outcome)
        if outcome == "rolled_back":
            assert holds(device, OLD, "_a")
            assert device.device.device.slots.current == "a"
        else:
            assert end.device_state is not None
            assert end.device_state.startswith("boot_a written, dtbo_a written, vendor_a may be")


async def test_nothing_is_touched_before_the_way_back_is_there(
    peer: BridgePeer, plug: Plug, server: ImageServer, tmp_path: Path
) -> None:
    device = plug(**AB)
    del server.images[stored(OLD["vbmeta"]).sha256]
    async with hub_at_work(
        peer.link_url, tmp_path, {"DEVICE_1": device.address}, bridge_url=server.url
    ):
        await peer.online("DEVICE_1")
        receipt = await peer.start("DEVICE_1", **asked("last-good"))
        end = await came_of(peer, receipt.job_id, Code.UNKNOWN_IMAGE, "not_needed")
        assert end.device_state == "untouched"
        assert device.commands == []


async def test_one_that_is_cancelled_half_way_is_as_it_was(
    peer: BridgePeer, plug: Plug, server: ImageServer, tmp_path: Path
) -> None:
    device = plug(link_speed=100_000, **AB)
    async with hub_at_work(
        peer.link_url, tmp_path, {"DEVICE_1": device.address}, bridge_url=server.url
    ):
        await peer.online("DEVICE_1")
        receipt = await peer.start("DEVICE_1", **asked("last-good"))
        await until(lambda: "flash:boot_a" in device.commands)
        assert (await peer.cancel(receipt.job_id)).accepted
        await came_of(peer, receipt.job_id, Code.CANCELLED, "rolled_back")
        boot = OLD["boot"]
        assert device.content("boot_a")[: len(boot)] == boot
        assert "flash:dtbo_a" not in device.commands


async def test_a_job_that_completes_did_not_need_its_way_back_and_tells_its_places(
    peer: BridgePeer, plug: Plug, server: ImageServer, tmp_path: Path
) -> None:
    device = plug(**AB)
    async with hub_at_work(
        peer.link_url, tmp_path, {"DEVICE_1": device.address}, bridge_url=server.url
    ):
        await peer.online("DEVICE_1")
        receipt = await peer.start("DEVICE_1", **asked("slot", slot="b"))
        await peer.completed(receipt.job_id)
        record = peer.record_of(receipt.job_id)
        assert record is not None
        assert record.job.rollback is not None
        assert record.job.rollback.outcome == "not_needed"
        assert [step.place for step in record.job.steps] == [f"{name}_b" for name in FIVE]
        told = [each.current_job for each in peer.records("DEVICE_1") if each.current_job]
        assert {each.rollback and each.rollback.outcome for each in told} == {"planned"}


async def test_a_start_asked_for_again_is_the_same_whatever_is_good_by_then(
    peer: BridgePeer, plug: Plug, server: ImageServer, tmp_path: Path
) -> None:
    plugged = plug(**AB)
    async with hub_at_work(
        peer.link_url, tmp_path, {"DEVICE_1": plugged.address}, bridge_url=server.url
    ):
        await peer.online("DEVICE_1")
        order = {**asked("last-good"), "idempotency_key": "once"}
        first = await peer.start("DEVICE_1", **order)
        await peer.completed(first.job_id)
        order["rollback"] = order["rollback"].with_(steps=steps(NEW))
        again = await peer.start("DEVICE_1", **order)
        assert (again.accepted, again.job_id) == (True, first.job_id)
        lacking = order["rollback"].with_(steps=steps(NEW)[:2])
        refusal = await peer.start("DEVICE_1", **{**asked("last-good"), "rollback": lacking})
        assert (refusal.accepted, refusal.code) == (False, Code.INVALID_REQUEST)
