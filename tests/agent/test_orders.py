"""Orders and receipts over the wire: one receipt each, obeyed once, never too late."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from flashyard.contract.faults import Code
from flashyard.contract.messages import FlashStarted
from flashyard.contract.orders import PauseOrder, ResumeOrder
from flashyard.contract.phases import Status
from flashyard.contract.topics import Kind, build
from support.bridge_peer import BridgePeer
from support.emulated import MIB
from support.hub_at_work import Plug, hub_at_work


async def test_a_repeated_order_gets_the_same_receipt_and_is_not_obeyed_again(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    async with hub_at_work(peer.link_url, tmp_path, {"DEVICE_1": plug().address}):
        await peer.online("DEVICE_1")
        order = peer.start_order("DEVICE_1")
        first = await peer.give(order)
        await peer.ended(order.job_id)
        again = await peer.give(order)
        later = await peer.give(order.with_(order_id="another", issued_at=peer.clock()))
        assert first == again
        assert (later.accepted, later.status) == (True, Status.COMPLETED)
        await peer.announce()
        assert len(peer.said(FlashStarted)) == 1


@pytest.mark.parametrize(
    "change",
    [{"session": "somebody-elses"}, {"issued_at": int(time.time() * 1000) - 60_000}],
)
async def test_an_order_for_another_run_or_past_its_time_is_refused(
    peer: BridgePeer, plug: Plug, tmp_path: Path, change: dict[str, Any]
) -> None:
    async with hub_at_work(peer.link_url, tmp_path, {"DEVICE_1": plug().address}):
        await peer.online("DEVICE_1")
        receipt = await peer.give(peer.start_order("DEVICE_1").with_(**change))
        assert (receipt.accepted, receipt.code) == (False, Code.STALE_ORDER)
        await peer.announce()
        assert peer.said(FlashStarted) == []


async def test_orders_are_judged_by_the_bridges_clock(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    peer.clock = lambda: int(time.time() * 1000) - 3_600_000
    async with hub_at_work(peer.link_url, tmp_path, {"DEVICE_1": plug().address}):
        await peer.online("DEVICE_1")
        assert (await peer.start("DEVICE_1")).code is Code.STALE_ORDER
        await peer.announce()
        receipt = await peer.start("DEVICE_1")
        assert receipt.accepted
        await peer.completed(receipt.job_id)


async def test_what_is_not_there_is_refused(peer: BridgePeer, plug: Plug, tmp_path: Path) -> None:
    gone = plug("GONE")
    gone.device.__exit__()
    addresses = {"HERE": plug("HERE").address, "GONE": gone.address}
    async with hub_at_work(peer.link_url, tmp_path, addresses):
        await peer.online("HERE")
        assert (await peer.start("NOWHERE")).code is Code.UNKNOWN_DEVICE
        assert (await peer.start("GONE")).code is Code.DEVICE_OFFLINE
        assert not peer.devices["GONE"].online


@pytest.mark.parametrize("kind", [PauseOrder, ResumeOrder])
async def test_a_job_that_is_not_there_is_not_steered(
    peer: BridgePeer, plug: Plug, tmp_path: Path, kind: type[PauseOrder | ResumeOrder]
) -> None:
    async with hub_at_work(peer.link_url, tmp_path, {"DEVICE_1": plug().address}):
        await peer.online("DEVICE_1")
        receipt = await peer.give(kind(**peer.order()))
        assert (receipt.accepted, receipt.code) == (False, Code.UNKNOWN_JOB)


async def test_what_cannot_be_read_is_answered_as_far_as_it_can_be(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    async with hub_at_work(peer.link_url, tmp_path, {"DEVICE_1": plug().address}):
        await peer.online("DEVICE_1")
        said = json.loads(peer.start_order("DEVICE_1").encode())
        bad = {**said, "orderId": "o-bad", "partition": "../etc", "query": 17}
        receipt = await peer.send(json.dumps(bad).encode(), "o-bad")
        assert (receipt.accepted, receipt.code) == (False, Code.INVALID_REQUEST)
        assert "partition" in (receipt.details or "")
        assert "etc" not in (receipt.details or "")
        strange = {**said, "orderId": "o-strange", "kind": "dance"}
        receipt = await peer.send(json.dumps(strange).encode(), "o-strange")
        assert (receipt.accepted, receipt.code) == (False, Code.NOT_SUPPORTED)

        for rubbish in (b"", b"{", b"[]", b"\xff\xfe", b'{"orderId":17}'):
            peer.link.publish(build(Kind.ORDER, peer.hub_id), rubbish, qos=1)
        fine = await peer.start("DEVICE_1")
        assert fine.accepted, "rubbish in between does no harm"


async def test_a_retained_order_is_a_trap_and_not_obeyed(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    addresses = {"DEVICE_1": plug().address}
    topic = build(Kind.ORDER, peer.hub_id)
    async with hub_at_work(peer.link_url, tmp_path, addresses):
        await peer.online("DEVICE_1")
        order = peer.start_order("DEVICE_1", ttl_ms=600_000)
    await peer.link.publish_and_confirm(topic, order.encode(), retain=True)
    async with hub_at_work(peer.link_url, tmp_path, addresses):
        await peer.online("DEVICE_1")
        await peer.announce()
        assert peer.receipts == []


async def test_an_idempotency_key_stands_for_one_job(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    device = plug(link_speed=2 * MIB)
    async with hub_at_work(peer.link_url, tmp_path, {"DEVICE_1": device.address}):
        await peer.online("DEVICE_1")
        first = await peer.start("DEVICE_1", idempotency_key="once")
        same = await peer.start("DEVICE_1", idempotency_key="once")
        assert (same.accepted, same.job_id) == (True, first.job_id)
        other = await peer.start("DEVICE_1", idempotency_key="once", partition="boot")
        assert (other.accepted, other.code) == (False, Code.IDEMPOTENCY_CONFLICT)
        await peer.ended(first.job_id)
        late = await peer.start("DEVICE_1", idempotency_key="once")
        assert (late.job_id, late.status) == (first.job_id, Status.COMPLETED)
        new = await peer.start("DEVICE_1", idempotency_key="twice")
        assert new.job_id != first.job_id
        await peer.ended(new.job_id)


async def test_a_real_device_is_flashed_with_an_image_only(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    async with hub_at_work(peer.link_url, tmp_path, {"DEVICE_1": plug().address}) as work:
        await peer.online("DEVICE_1")
        sight = work.hub._agents["DEVICE_1"]._sight
        assert sight.description is not None
        sight.description = replace(sight.description, emulated=False)
        receipt = await peer.start("DEVICE_1")
        assert (receipt.accepted, receipt.code) == (False, Code.IMAGE_REQUIRED)
