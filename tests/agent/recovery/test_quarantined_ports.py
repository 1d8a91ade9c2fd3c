"""A port at which job after job breaks takes no more, says why, and is open once released."""

from __future__ import annotations

from pathlib import Path

from flashyard.contract.faults import Code
from flashyard.contract.messages import FlashStarted
from flashyard.contract.records import Device
from support.bridge_peer import BridgePeer, check_story
from support.emulated import MIB
from support.hub_at_work import Plug, hub_at_work
from support.waiting import until

AFTER_TWO = {"quarantine_after": 2}
WHY = "The port is in quarantine: The connection to tcp:127.0.0.1:"


def record(peer: BridgePeer) -> Device:
    return peer.devices["DEVICE_1"]


async def break_(peer: BridgePeer, code: Code = Code.LINK_LOST) -> None:
    await peer.failed((await peer.start("DEVICE_1")).job_id, code)


async def test_it_refuses_new_jobs_keeps_the_waiting_ones_and_is_open_once_released(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    device = plug("DEVICE_1", "tcp", "flash:1=cut@0", "flash:2=cut@0", link_speed=4 * MIB)
    addresses = {"DEVICE_1": device.address}
    async with hub_at_work(peer.link_url, tmp_path, addresses, **AFTER_TWO):
        await peer.online("DEVICE_1")
        await break_(peer)
        assert record(peer).quarantine is None
        second = (await peer.start("DEVICE_1")).job_id
        waiting = (await peer.start("DEVICE_1")).job_id
        await peer.failed(second, Code.LINK_LOST)

        await until(lambda: record(peer).quarantine)
        shut = record(peer).quarantine
        assert shut is not None
        assert (shut.faults, shut.code) == (2, Code.LINK_LOST)
        refused = await peer.start("DEVICE_1")
        assert (refused.accepted, refused.code) == (False, Code.QUARANTINED)
        assert refused.details is not None
        assert refused.details.startswith("2 jobs in a row broke there, the last with: ")
        assert [entry.job_id for entry in record(peer).queue] == [waiting]
        await until(lambda: (record(peer).queue[0].stage or "").startswith(WHY))
        await peer.online("DEVICE_1")
        assert not peer.said(FlashStarted, waiting)

        assert (await peer.release("DEVICE_1")).accepted
        await peer.completed(waiting)
        check_story(peer, waiting)
        assert record(peer).quarantine is None


async def test_a_completed_job_and_what_the_device_refuses_are_not_counted(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    faults = ("flash:1=cut@0", "flash:3=cut@0", "flash:4=fail", "flash:5=cut@0")
    addresses = {"DEVICE_1": plug("DEVICE_1", "tcp", *faults).address}
    async with hub_at_work(peer.link_url, tmp_path, addresses, **AFTER_TWO):
        await peer.online("DEVICE_1")
        await break_(peer)
        await peer.completed((await peer.start("DEVICE_1")).job_id)
        await break_(peer)
        await break_(peer, Code.DEVICE_REFUSED)
        assert record(peer).quarantine is None
        await break_(peer)
        await until(lambda: record(peer).quarantine)


async def test_only_a_device_that_is_there_can_be_released(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    addresses = {"DEVICE_1": plug().address}
    async with hub_at_work(peer.link_url, tmp_path, addresses):
        await peer.online("DEVICE_1")
        answer = await peer.release("DEVICE_2")
        assert (answer.accepted, answer.code) == (False, Code.UNKNOWN_DEVICE)
        assert (await peer.release("DEVICE_1")).accepted


async def test_a_quarantine_and_the_count_outlive_the_hub(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    addresses = {"DEVICE_1": plug("DEVICE_1", "tcp", "flash=cut@0").address}
    for _ in range(2):
        async with hub_at_work(peer.link_url, tmp_path, addresses, **AFTER_TWO):
            await peer.online("DEVICE_1")
            await break_(peer)
    async with hub_at_work(peer.link_url, tmp_path, addresses, **AFTER_TWO):
        await peer.online("DEVICE_1")
        assert record(peer).quarantine is not None
        refused = await peer.start("DEVICE_1")
        assert (refused.accepted, refused.code) == (False, Code.QUARANTINED)
        assert (await peer.release("DEVICE_1")).accepted
    async with hub_at_work(peer.link_url, tmp_path, addresses, **AFTER_TWO):
        await peer.online("DEVICE_1")
        await break_(peer)
        assert record(peer).quarantine is None
