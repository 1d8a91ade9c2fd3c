"""Over USB: what broke on the bus is tried again, a plug that was pulled is not; ports are shut."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flashyard.agent.recovery.backoff import Backoff
from flashyard.contract.faults import Code
from flashyard.contract.messages import FlashProgress
from flashyard.contract.phases import Status
from flashyard.flash.fastboot.target import FastbootTarget
from flashyard.flash.source import Part
from flashyard.flash.target import Place
from support.bridge_peer import BridgePeer, check_story
from support.emulated import MIB
from support.fake_usb import FakeUsb, error, fake_usb
from support.hub_at_work import hub_at_work
from support.waiting import until

RETRIED: dict[str, Any] = {"retries": 2, "timing": {"link_again": Backoff(0.05, 1.0, 0.05)}}


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[FakeUsb]:
    with fake_usb(tmp_path / "usb") as bus:
        yield bus


async def test_a_transfer_that_broke_is_no_unplug_and_the_job_goes_on(
    peer: BridgePeer, bench: FakeUsb, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone, commit = bench.plug("1-1", "PHONE_1"), FastbootTarget.commit

    def broken(target: FastbootTarget, place: Place, part: Part) -> None:
        monkeypatch.undo()
        phone.refusals.append(error(errno.EPROTO))
        commit(target, place, part)

    monkeypatch.setattr(FastbootTarget, "commit", broken)
    async with hub_at_work(peer.link_url, tmp_path, {}, host=bench.host, **RETRIED):
        await peer.online("PHONE_1")
        job_id = (await peer.start("PHONE_1", total_bytes=2 * MIB)).job_id
        await peer.completed(job_id)
        stages = [said.stage for said in peer.said(FlashProgress, job_id)]
        assert any("trying again" in stage for stage in stages)
        check_story(peer, job_id)


async def test_a_plug_that_was_pulled_is_somebodys_hand(
    peer: BridgePeer, bench: FakeUsb, tmp_path: Path
) -> None:
    bench.plug("1-1", "PHONE_1", f"download:1=cut@{MIB}")
    async with hub_at_work(peer.link_url, tmp_path, {}, host=bench.host, **RETRIED):
        await peer.online("PHONE_1")
        job_id = (await peer.start("PHONE_1", total_bytes=4 * MIB)).job_id
        await peer.failed(job_id, Code.USB_UNPLUGGED)
        stages = [said.stage for said in peer.said(FlashProgress, job_id)]
        assert not any("trying again" in stage for stage in stages)


async def test_it_is_the_port_that_is_shut_and_not_the_device(
    peer: BridgePeer, bench: FakeUsb, tmp_path: Path
) -> None:
    bench.plug("1-1", "PHONE_1", f"download:1=cut@{MIB}", link_speed=8 * MIB)
    told = {"host": bench.host, "quarantine_after": 1}
    async with hub_at_work(peer.link_url, tmp_path, {}, **told):
        await peer.online("PHONE_1")
        first = (await peer.start("PHONE_1", total_bytes=2 * MIB)).job_id
        waiting = await peer.start("PHONE_1")
        assert waiting.status is Status.QUEUED
        await peer.failed(first, Code.USB_UNPLUGGED)
        await until(lambda: peer.devices["PHONE_1"].quarantine)

        bench.plug("1-1", "PHONE_2")  # another device, in the same port
        await peer.online("PHONE_2")
        refused = await peer.start("PHONE_2")
        assert (refused.accepted, refused.code) == (False, Code.QUARANTINED)
        bench.plug("1-3", "PHONE_1")  # and the one that broke, in another
        await peer.completed(waiting.job_id)
        assert peer.devices["PHONE_1"].quarantine is None

        assert (await peer.release("PHONE_2")).accepted
        await peer.completed((await peer.start("PHONE_2")).job_id)
