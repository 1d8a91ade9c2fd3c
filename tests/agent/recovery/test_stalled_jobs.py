"""A job from whose device nothing comes says so, and ends; also where its thread hangs."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from flashyard.agent.recovery.stall import Deadline
from flashyard.contract.faults import Code
from flashyard.contract.messages import FlashProgress, FlashStarted
from flashyard.contract.phases import Phase
from flashyard.flash.fastboot.limits import Limits
from flashyard.flash.fastboot.target import FastbootTarget
from flashyard.flash.source import Part
from flashyard.flash.target import Place
from support.bridge_peer import BridgePeer, check_story
from support.emulated import MIB
from support.hub_at_work import Plug, hub_at_work
from support.waiting import until

LONG = 600.0
SILENT = "Nothing from the device for 0.2 s"


@pytest.mark.parametrize("fault", ["download=silence", "flash=silence"])
async def test_a_silent_device_is_told_in_the_stage_and_times_the_job_out(
    peer: BridgePeer, plug: Plug, tmp_path: Path, fault: str
) -> None:
    timing = {
        "stalls": {Phase.WRITING: Deadline(0.2, LONG)},
        "flashing": Limits(stall=1.0, flash=1.0),
    }
    address = plug("DEVICE_1", "tcp", fault).address
    async with hub_at_work(peer.link_url, tmp_path, {"DEVICE_1": address}, timing=timing):
        await peer.online("DEVICE_1")
        job_id = (await peer.start("DEVICE_1")).job_id
        end = await peer.failed(job_id, Code.TIMED_OUT)
        assert end.error.startswith("Nothing came from the device for ")
        assert end.details
        assert end.details.startswith("No word from the device")
        stages = [said.stage for said in peer.said(FlashProgress, job_id)]
        assert stages.index(SILENT) > stages.index("Flashing system partition")
        check_story(peer, job_id)


async def test_once_the_device_speaks_again_the_stage_is_as_it_was(
    peer: BridgePeer, plug: Plug, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go, commit = threading.Event(), FastbootTarget.commit

    def slow(target: FastbootTarget, place: Place, part: Part) -> None:
        go.wait(LONG)
        commit(target, place, part)

    monkeypatch.setattr(FastbootTarget, "commit", slow)
    timing = {"stalls": {Phase.WRITING: Deadline(0.2, LONG)}}
    address = plug(max_download_size=MIB, link_speed=4 * MIB).address
    async with hub_at_work(peer.link_url, tmp_path, {"DEVICE_1": address}, timing=timing):
        await peer.online("DEVICE_1")
        job_id = (await peer.start("DEVICE_1", total_bytes=2 * MIB)).job_id
        await peer.phase(job_id, SILENT)
        go.set()
        await peer.completed(job_id)
        stages = [said.stage for said in peer.events(job_id) if isinstance(said, FlashProgress)]
        assert "Flashing system partition" in stages[stages.index(SILENT) :]
        check_story(peer, job_id)


async def test_a_job_that_waits_for_its_allowance_is_not_silent(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    # Of a rate so low nothing is sent for longer than the device may be silent.
    timing = {"stalls": {Phase.WRITING: Deadline(0.4, 0.8)}}
    addresses = {"DEVICE_1": plug().address}
    async with hub_at_work(peer.link_url, tmp_path, addresses, timing=timing):
        await peer.online("DEVICE_1")
        asked = {"total_bytes": 3000, "bandwidth_limit": 1000}
        job_id = (await peer.start("DEVICE_1", **asked)).job_id
        await peer.completed(job_id)
        stages = [said.stage for said in peer.said(FlashProgress, job_id)]
        assert not any(stage.startswith("Nothing") for stage in stages)


async def test_a_thread_that_hangs_ends_the_job_and_keeps_the_device_until_it_lets_go(
    peer: BridgePeer, plug: Plug, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = threading.Event()

    def hang(_target: FastbootTarget, _place: Place) -> None:
        go.wait(LONG)

    monkeypatch.setattr(FastbootTarget, "erase", hang)
    timing = {"stalls": {Phase.ERASING: Deadline(0.1, 0.3)}, "let_go": 0.1}
    address = plug().address
    told = {"timing": timing, "retries": 2}
    async with hub_at_work(peer.link_url, tmp_path, {"DEVICE_1": address}, **told):
        await peer.online("DEVICE_1")
        first = (await peer.start("DEVICE_1", options={"erase": True})).job_id
        second = (await peer.start("DEVICE_1")).job_id
        end = await peer.failed(first, Code.TIMED_OUT)
        assert end.device_state == "system may be erased"
        await until(lambda: not peer.devices["DEVICE_1"].online)
        assert not peer.said(FlashStarted, second)
        go.set()
        await peer.completed(second)
        check_story(peer, first)
