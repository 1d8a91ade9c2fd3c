"""A way back that is taken by another flight, or by another run of the hub; and never twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flashyard.contract.faults import Code
from flashyard.contract.phases import Phase, Status
from support.bridge_peer import BridgePeer
from support.emulated import Emulated
from support.hub_at_work import HubAtWork, Plug, hub_at_work, new_hub
from support.image_server import ImageServer, image_server
from support.waiting import until
from support.way_back import AB, HASTY, NEW, OLD, asked, came_of


@pytest.fixture
def server() -> Iterator[ImageServer]:
    with image_server() as store:
        for content in (*OLD.values(), *NEW.values()):
            store.add(content)
        yield store


def mishaps(peer: BridgePeer, job_id: str) -> list[tuple[Code, Phase]]:
    """The faults on a job's record, with where they were met."""
    record = peer.record_of(job_id)
    assert record is not None
    return [(mishap.code, mishap.phase) for mishap in record.mishaps]


def has_old(device: Emulated, *names: str) -> bool:
    return all(device.content(f"{name}_a")[: len(OLD[name])] == OLD[name] for name in names)


async def test_a_paused_job_that_is_cancelled_leaves_the_device_as_it_was(
    peer: BridgePeer, plug: Plug, server: ImageServer, tmp_path: Path
) -> None:
    device = plug(link_speed=200_000, **AB)
    async with hub_at_work(
        peer.link_url, tmp_path, {"DEVICE_1": device.address}, bridge_url=server.url
    ):
        await peer.online("DEVICE_1")
        job_id = (await peer.start("DEVICE_1", **asked("last-good"))).job_id
        await until(lambda: "flash:boot_a" in device.commands)
        await peer.pause(job_id)
        await until(lambda: "paused" in peer.types(job_id))
        assert (await peer.cancel(job_id)).status is Status.RUNNING
        refusal = await peer.pause(job_id)
        assert (refusal.accepted, refusal.code) == (False, Code.ILLEGAL_STATE)
        await came_of(peer, job_id, Code.CANCELLED, "rolled_back")
        assert has_old(device, "boot")
        assert mishaps(peer, job_id) == [(Code.CANCELLED, Phase.WRITING)]


async def died_at(peer: BridgePeer, hub: HubAtWork, job_id: str, phase: Phase) -> None:
    """Let a hub die once its job is said to be there."""
    await until(lambda: any(said.phase is phase for said in peer.events(job_id)))
    await hub.die()
    await until(lambda: peer.hub is not None and not peer.hub.online)


async def test_a_slot_that_did_not_start_before_the_hub_died_is_left_by_its_next_run(
    peer: BridgePeer, plug: Plug, server: ImageServer, tmp_path: Path
) -> None:
    device = plug("DEVICE_1", "tcp", "boot-b=hang", **AB)
    addresses = {"DEVICE_1": device.address}
    told: dict[str, Any] = {"bridge_url": server.url, "timing": HASTY}
    first = HubAtWork(new_hub(peer.link_url, tmp_path, addresses, **told))
    await first.serving()
    await peer.online("DEVICE_1")
    order = asked("slot", slot="inactive", verify="booted")
    job_id = (await peer.start("DEVICE_1", **order)).job_id
    await peer.phase(job_id, "Waiting for the device to start")
    await died_at(peer, first, job_id, Phase.FINISHING)
    async with hub_at_work(peer.link_url, tmp_path, addresses, **told):
        await came_of(peer, job_id, Code.INTERRUPTED, "rolled_back", one_life=False)
        slots = device.device.device.slots
        assert (slots.current, slots["a"].successful) == ("a", True)
        assert mishaps(peer, job_id) == [(Code.INTERRUPTED, Phase.FINISHING)]


async def test_a_hub_that_died_on_the_way_back_does_not_take_it_again(
    peer: BridgePeer, plug: Plug, server: ImageServer, tmp_path: Path
) -> None:
    device = plug("DEVICE_1", "tcp", "flash:3=fail", link_speed=200_000, **AB)
    addresses = {"DEVICE_1": device.address}
    told: dict[str, Any] = {"bridge_url": server.url, "timing": HASTY}
    first = HubAtWork(new_hub(peer.link_url, tmp_path, addresses, **told))
    await first.serving()
    await peer.online("DEVICE_1")
    job_id = (await peer.start("DEVICE_1", **asked("last-good"))).job_id
    await peer.phase(job_id, "Rolling back: flashing")
    await died_at(peer, first, job_id, Phase.ROLLING_BACK)
    async with hub_at_work(peer.link_url, tmp_path, addresses, **told):
        await until(lambda: peer.record_of(job_id))  # its event may come before there is a link
        record = peer.record_of(job_id)
        assert record is not None
        assert record.job.rollback is not None
        assert (record.job.code, record.job.rollback.outcome) == (Code.INTERRUPTED, "failed")
        assert "boot_a" in (record.job.device_state or "")
        assert mishaps(peer, job_id) == [
            (Code.DEVICE_REFUSED, Phase.WRITING),
            (Code.INTERRUPTED, Phase.ROLLING_BACK),
        ]
