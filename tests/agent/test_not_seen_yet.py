"""A hub that is back, and has not looked at its USB yet: its jobs are its jobs all the same."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from threading import Event

import pytest

from flashyard.contract.faults import Code
from flashyard.contract.orders import CancelOrder
from flashyard.contract.topics import Kind, build
from flashyard.flash.ports.lookout import Lookout
from flashyard.flash.ports.settling import Change
from support.bridge_peer import BridgePeer
from support.emulated import MIB
from support.fake_usb import FakeUsb, fake_usb
from support.hub_at_work import HubAtWork, hub_at_work
from support.waiting import until

SLOW = 2 * MIB  # bytes per second
KEY = {"idempotency_key": "once", "total_bytes": 64 * MIB}


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[FakeUsb]:
    with fake_usb(tmp_path / "usb") as bus:
        yield bus


@pytest.fixture
def sight(monkeypatch: pytest.MonkeyPatch) -> Iterator[Event]:
    """While it is cleared, hubs do not come to see what is plugged in."""
    sees, changes = Event(), Lookout.changes

    def wait_to_see(lookout: Lookout) -> list[Change] | None:
        assert sees.wait(60.0)
        return changes(lookout)

    monkeypatch.setattr(Lookout, "changes", wait_to_see)
    sees.set()
    yield sees
    sees.set()


@asynccontextmanager
async def back_without_sight(
    peer: BridgePeer, bench: FakeUsb, directory: Path, sight: Event, first: HubAtWork
) -> AsyncIterator[HubAtWork]:
    """Kill a hub, have the broker forget what it said of the phone, and begin its next run."""
    await first.die()
    # Its threads live on here: of a process that was killed nothing would be sent any longer.
    bench.unplug("1-1")
    bench.plug("1-1", again=True)
    await until(lambda: peer.hub is not None and not peer.hub.online)
    topic = build(Kind.DEVICE, peer.hub_id, "PHONE_1")
    peer.link.publish(topic, b"", qos=1, retain=True)
    await until(lambda: "PHONE_1" not in peer.devices)
    sight.clear()
    at_once = {"first_looks": 0.05}
    async with hub_at_work(peer.link_url, directory, {}, host=bench.host, timing=at_once) as work:
        assert peer.hub is not None
        assert peer.hub.session == work.hub.session
        try:
            yield work
        finally:
            sight.set()


async def test_jobs_that_are_cancelled_then_do_not_begin_when_the_device_is_seen(
    peer: BridgePeer, bench: FakeUsb, tmp_path: Path, sight: Event
) -> None:
    bench.plug("1-1", "PHONE_1", link_speed=SLOW)
    async with hub_at_work(peer.link_url, tmp_path, {}, host=bench.host) as first:
        await peer.online("PHONE_1")
        withdrawn = (await peer.start("PHONE_1", **KEY)).job_id
        cancelled = (await peer.start("PHONE_1", total_bytes=64 * MIB)).job_id
        async with back_without_sight(peer, bench, tmp_path, sight, first):
            assert (await peer.cancel(withdrawn, withdrawn=True)).accepted
            assert (await peer.cancel(cancelled)).accepted
            for job_id in (withdrawn, cancelled):
                await peer.failed(job_id, Code.CANCELLED)
            sight.set()
            await peer.online("PHONE_1")
            phone = peer.devices["PHONE_1"]
            assert (phone.current_job, phone.queue) == (None, ())


async def test_a_job_that_is_asked_for_again_then_is_found_and_goes_on_when_the_device_is_seen(
    peer: BridgePeer, bench: FakeUsb, tmp_path: Path, sight: Event
) -> None:
    bench.plug("1-1", "PHONE_1", link_speed=SLOW)
    asked = {**KEY, "total_bytes": 2 * MIB}
    async with hub_at_work(peer.link_url, tmp_path, {}, host=bench.host) as first:
        await peer.online("PHONE_1")
        job_id = (await peer.start("PHONE_1", **asked)).job_id
        async with back_without_sight(peer, bench, tmp_path, sight, first):
            assert (await peer.start("PHONE_1", **asked)).job_id == job_id
            sight.set()
            await peer.completed(job_id)


async def test_a_hub_that_is_about_to_stop_leaves_the_cancel_to_its_next_run(
    peer: BridgePeer, bench: FakeUsb, tmp_path: Path, sight: Event
) -> None:
    bench.plug("1-1", "PHONE_1", link_speed=SLOW)
    async with hub_at_work(peer.link_url, tmp_path, {}, host=bench.host) as first:
        await peer.online("PHONE_1")
        job_id = (await peer.start("PHONE_1", **KEY)).job_id
        async with back_without_sight(peer, bench, tmp_path, sight, first) as work:
            work.hub._asked_to_stop.set()
            receipt = work.hub._desk.take(_withdrawal(peer, job_id))
            assert receipt is not None
            assert (receipt.accepted, receipt.code) == (False, Code.STALE_ORDER)


def _withdrawal(peer: BridgePeer, job_id: str) -> bytes:
    return CancelOrder(**peer.order(job_id=job_id, withdrawn=True)).encode()
