"""Somebody sets a clock by an hour: no job, no order and no stamp suffers."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path

import pytest

from flashyard.agent.clock import SHOWN_SKEW_MS, Clock
from flashyard.contract.faults import Code
from flashyard.contract.messages import FlashProgress
from support.bridge_peer import BridgePeer, check_story, now_ms
from support.emulated import MIB
from support.hub_at_work import Plug, hub_at_work
from support.waiting import until

HOUR = 3_600


class Wall:
    """A host's clock that can be set."""

    def __init__(self) -> None:
        self.ahead = 0

    def __call__(self) -> float:
        return time.time() + self.ahead


@pytest.mark.parametrize("jump", [HOUR, -HOUR], ids=["ahead", "back"])
async def test_a_job_runs_through_a_jump_of_its_hubs_clock_and_orders_are_still_taken(
    peer: BridgePeer, plug: Plug, tmp_path: Path, jump: int
) -> None:
    device, wall = plug(link_speed=8 * MIB), Wall()
    async with hub_at_work(
        peer.link_url, tmp_path, {"DEVICE_1": device.address}, clock=Clock(wall)
    ):
        await peer.online("DEVICE_1")
        before = now_ms()
        job_id = (await peer.start("DEVICE_1", total_bytes=16 * MIB)).job_id
        await until(lambda: any(p.progress > 0 for p in peer.said(FlashProgress, job_id)))
        wall.ahead = jump
        waiting = await peer.start("DEVICE_1")
        assert waiting.accepted
        assert (await peer.cancel(waiting.job_id)).accepted
        await peer.failed(waiting.job_id, Code.CANCELLED)
        await peer.completed(job_id)
        check_story(peer, job_id)
        record = peer.record_of(job_id)
        assert record is not None
        job = record.job
        assert job.started_at is not None
        assert job.finished_at is not None
        near = before - SHOWN_SKEW_MS, now_ms() + SHOWN_SKEW_MS
        assert near[0] <= job.queued_at <= job.started_at <= job.finished_at <= near[1]
        late = peer.start_order("DEVICE_1", issued_at=now_ms() - HOUR * 1000)
        assert (await peer.give(late)).code is Code.STALE_ORDER
        await peer.announce()
        assert peer.hub is not None
        assert peer.hub.clock_skew_ms is not None
        assert abs(peer.hub.clock_skew_ms - jump * 1000) < SHOWN_SKEW_MS


@pytest.mark.parametrize("jump", [HOUR, -HOUR], ids=["ahead", "back"])
async def test_a_job_runs_through_a_jump_of_the_bridges_clock_and_its_times_are_of_one_clock(
    peer: BridgePeer, plug: Plug, tmp_path: Path, jump: int
) -> None:
    device = plug(link_speed=8 * MIB)
    async with hub_at_work(peer.link_url, tmp_path, {"DEVICE_1": device.address}):
        await peer.online("DEVICE_1")
        job_id = (await peer.start("DEVICE_1", total_bytes=16 * MIB)).job_id
        await until(lambda: any(p.progress > 0 for p in peer.said(FlashProgress, job_id)))
        peer.clock = lambda: now_ms() + jump * 1000
        await peer.announce()
        after = await peer.start("DEVICE_1")
        assert after.accepted
        await peer.completed(job_id)
        check_story(peer, job_id)
        await peer.completed(after.job_id)
        check_story(peer, after.job_id)
        assert (await peer.cancel(after.job_id)).code is Code.ALREADY_FINAL
        last = await peer.start("DEVICE_1")
        await peer.completed(last.job_id)
        record = peer.record_of(last.job_id)
        assert record is not None
        assert abs(record.job.queued_at - peer.clock()) < 60_000


async def test_no_time_of_a_job_goes_back_where_its_hub_comes_back_with_its_clock_set_back(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    device, wall = plug(link_speed=8 * MIB), Wall()
    addresses = {"DEVICE_1": device.address}
    hub = partial(hub_at_work, peer.link_url, tmp_path, addresses, part_size=MIB)
    async with hub(clock=Clock(wall)) as work:
        await peer.online("DEVICE_1")
        job_id = (await peer.start("DEVICE_1", total_bytes=12 * MIB)).job_id
        await until(lambda: any(p.progress > 0 for p in peer.said(FlashProgress, job_id)))
        await peer.pause(job_id)
        await until(lambda: "paused" in peer.types(job_id))
        await work.die()
    wall.ahead = -HOUR
    async with hub(clock=Clock(wall)):
        await peer.online("DEVICE_1")
        await peer.announce()  # as a bridge does when a hub comes
        await peer.resume(job_id)
        await peer.completed(job_id)
    check_story(peer, job_id)
    record = peer.record_of(job_id)
    assert record is not None
    job = record.job
    assert job.started_at is not None
    assert job.finished_at is not None
    assert job.queued_at <= job.started_at <= job.finished_at
    assert abs(job.finished_at - now_ms()) < 60_000
