"""A job that is given up: its writer lets go of the device, or keeps it to itself."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from flashyard.agent.flight import Flight
from flashyard.contract.faults import Code
from flashyard.contract.messages import FlashStarted
from flashyard.flash.fastboot.target import FastbootTarget
from flashyard.flash.target import Place
from support.bridge_peer import BridgePeer, check_story
from support.emulated import MIB
from support.hub_at_work import Plug, hub_at_work
from support.waiting import until

GivenUp = Callable[[str, Callable[[], bool]], None]


@pytest.fixture
def given_up(monkeypatch: pytest.MonkeyPatch) -> GivenUp:
    """Have the looks at one job crash as soon as something is the case."""
    look = Flight._look
    monkeypatch.setattr("flashyard.agent.device._RECOVERY", 0.01)

    def give_up(job_id: str, when: Callable[[], bool]) -> None:
        def stumble(flight: Flight, work: object) -> None:
            if flight.story.job.job_id == job_id and when():
                raise ZeroDivisionError
            look(flight, work)  # type: ignore[arg-type]  # handed through

        monkeypatch.setattr(Flight, "_look", stumble)

    return give_up


@pytest.fixture
def writers() -> Callable[[], int]:
    """Count the writers there are now, but for those that tests before this one left to die."""
    others = set(threading.enumerate())
    return lambda: sum(
        thread.name == "write DEVICE_1" and thread not in others for thread in threading.enumerate()
    )


async def test_the_writer_of_a_job_given_up_is_told_to_end(
    peer: BridgePeer, plug: Plug, tmp_path: Path, given_up: GivenUp, writers: Callable[[], int]
) -> None:
    device = plug(link_speed=8 * MIB, max_download_size=MIB)
    async with hub_at_work(peer.link_url, tmp_path, {"DEVICE_1": device.address}):
        await peer.online("DEVICE_1")
        job_id = (await peer.start("DEVICE_1", total_bytes=400 * MIB)).job_id
        given_up(job_id, lambda: "flash:system" in device.commands)
        await peer.failed(job_id, Code.INTERNAL)
        await until(lambda: writers() == 0)
        await peer.completed((await peer.start("DEVICE_1")).job_id)


async def test_a_writer_that_does_not_let_go_keeps_the_device_to_itself(
    peer: BridgePeer,
    plug: Plug,
    tmp_path: Path,
    given_up: GivenUp,
    writers: Callable[[], int],
    *,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    device, hanging, go = plug(), threading.Event(), threading.Event()

    def hang(_target: FastbootTarget, _place: Place) -> None:
        hanging.set()
        go.wait(60.0)

    monkeypatch.setattr(FastbootTarget, "erase", hang)
    timing = {"let_go": 0.1}
    async with hub_at_work(peer.link_url, tmp_path, {"DEVICE_1": device.address}, timing=timing):
        await peer.online("DEVICE_1")
        first = (await peer.start("DEVICE_1", options={"erase": True})).job_id
        await until(hanging.is_set)
        second = (await peer.start("DEVICE_1")).job_id
        given_up(first, lambda: True)
        await peer.failed(first, Code.INTERNAL)
        await until(lambda: not peer.devices["DEVICE_1"].online)
        assert writers() == 1
        assert not peer.said(FlashStarted, second)
        go.set()
        await peer.completed(second)
        check_story(peer, second)
        await peer.online("DEVICE_1")
