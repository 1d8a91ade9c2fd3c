"""The disk is full: nothing is told that a crash could make untrue, and all goes on by itself."""

from __future__ import annotations

from pathlib import Path

from flashyard.contract.faults import Code
from flashyard.contract.messages import FlashProgress
from flashyard.contract.orders import CancelOrder, ResumeOrder
from flashyard.contract.phases import Phase, Status
from flashyard.contract.topics import Kind, build
from support.bridge_peer import BridgePeer, check_story
from support.emulated import MIB
from support.hub_at_work import HubAtWork, Plug, hub_at_work, new_hub
from support.made import generated
from support.small_disk import small_disk
from support.waiting import until

SIZE = 8 * MIB


async def until_written(peer: BridgePeer, job_id: str) -> None:
    await until(
        lambda: any(
            p.phase is Phase.WRITING and p.progress > 0 for p in peer.said(FlashProgress, job_id)
        )
    )


async def in_trouble(peer: BridgePeer) -> None:
    await until(lambda: peer.hub and peer.hub.troubles)
    assert peer.hub is not None
    assert peer.hub.troubles is not None
    assert [trouble.code for trouble in peer.hub.troubles] == [Code.DISK_FULL]


async def test_what_runs_waits_starts_are_refused_and_all_goes_on_once_there_is_room(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    device = plug(link_speed=4 * MIB)
    with small_disk(tmp_path / "hub") as disk:
        async with hub_at_work(
            peer.link_url, disk.path, {"DEVICE_1": device.address}, part_size=MIB
        ):
            await peer.online("DEVICE_1")
            job_id = (await peer.start("DEVICE_1", total_bytes=SIZE)).job_id
            await until_written(peer, job_id)
            disk.fill()
            await in_trouble(peer)
            refused = await peer.start("DEVICE_1")
            assert peer.hub is not None
            assert peer.hub.troubles
            assert (refused.accepted, refused.code) == (False, Code.DISK_FULL)
            told = len(peer.events(job_id))
            assert peer.end(job_id) is None
            disk.clear()
            await peer.completed(job_id)
            await until(lambda: peer.hub and not peer.hub.troubles)
            assert len(peer.events(job_id)) > told
            check_story(peer, job_id)
            assert device.content("system") == generated(job_id, SIZE)
            await peer.completed((await peer.start("DEVICE_1")).job_id)


async def test_no_job_is_lost_over_a_kill_while_the_disk_is_full(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    device = plug(link_speed=4 * MIB)
    addresses = {"DEVICE_1": device.address}
    with small_disk(tmp_path / "hub") as disk:
        async with hub_at_work(peer.link_url, disk.path, addresses, part_size=MIB) as work:
            await peer.online("DEVICE_1")
            running = (await peer.start("DEVICE_1", total_bytes=SIZE)).job_id
            waiting = (await peer.start("DEVICE_1")).job_id
            held = (await peer.start("DEVICE_1")).job_id
            assert (await peer.pause(held)).accepted
            await until_written(peer, running)
            disk.fill()
            await in_trouble(peer)
            await work.die()
        before = peer.hub.session if peer.hub else None
        again = HubAtWork(new_hub(peer.link_url, disk.path, addresses, part_size=MIB))
        try:
            await until(
                lambda: (
                    again.task.done()
                    or (peer.hub and peer.hub.online and peer.hub.session != before)
                )
            )
            assert not again.task.done(), again.task.exception()
            disk.clear()
            await peer.completed(running)
            await peer.completed(waiting)
            assert device.content("system") == generated(waiting, MIB)
            [kept] = peer.devices["DEVICE_1"].queue
            assert (kept.job_id, kept.held) == (held, True)
            assert (await peer.resume(held)).status in {Status.QUEUED, Status.RUNNING}
            await peer.completed(held)
        finally:
            if not again.task.done():
                await again.stop()


async def test_what_a_full_disk_kept_from_being_written_was_not_told(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    """A cancel that is asked for meanwhile is answered when it would survive, not before."""
    device = plug(link_speed=4 * MIB)
    with small_disk(tmp_path / "hub") as disk:
        async with hub_at_work(
            peer.link_url, disk.path, {"DEVICE_1": device.address}, part_size=MIB
        ):
            await peer.online("DEVICE_1")
            job_id = (await peer.start("DEVICE_1", total_bytes=SIZE)).job_id
            await until_written(peer, job_id)
            disk.fill()
            await in_trouble(peer)
            events = len(peer.events(job_id))
            assert (await peer.pause(job_id)).code is Code.DISK_FULL, "it stands as it is"
            order = CancelOrder(**peer.order(job_id=job_id))
            peer.link.publish(build(Kind.ORDER, peer.hub_id), order.encode(), qos=1)
            await peer.announce()  # which is answered: the order was taken before
            assert order.order_id not in {receipt.order_id for receipt in peer.receipts}
            assert len(peer.events(job_id)) == events
            disk.clear()
            await peer.failed(job_id, Code.CANCELLED)
            await until(lambda: order.order_id in {receipt.order_id for receipt in peer.receipts})
            check_story(peer, job_id)


async def test_a_hub_that_is_started_on_a_full_disk_says_so_and_knows_its_jobs(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    """It had been stopped in order, so that nothing lies beside its journal."""
    device = plug()
    addresses = {"DEVICE_1": device.address}
    with small_disk(tmp_path / "hub") as disk:
        async with hub_at_work(peer.link_url, disk.path, addresses, part_size=MIB):
            await peer.online("DEVICE_1")
            held = await _held(peer)
        disk.fill()
        async with hub_at_work(peer.link_url, disk.path, addresses, part_size=MIB):
            await peer.online("DEVICE_1")
            assert [entry.job_id for entry in peer.devices["DEVICE_1"].queue] == [held]
            peer.link.publish(build(Kind.ORDER, peer.hub_id), _resume(peer, held), qos=1)
            await in_trouble(peer)
            assert (await peer.start("DEVICE_1")).code is Code.DISK_FULL
            disk.clear()
            await peer.completed(held)
            await until(lambda: peer.hub and not peer.hub.troubles)


async def _held(peer: BridgePeer) -> str:
    first = await peer.start("DEVICE_1", total_bytes=SIZE)
    held = await peer.start("DEVICE_1")
    assert (await peer.pause(held.job_id)).accepted
    assert (await peer.cancel(first.job_id)).accepted
    await peer.failed(first.job_id, Code.CANCELLED)
    return held.job_id


def _resume(peer: BridgePeer, job_id: str) -> bytes:
    return ResumeOrder(**peer.order(job_id=job_id)).encode()
