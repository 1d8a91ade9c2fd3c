"""A job whose image store cannot be reached waits for it; its hub says so for as long as it is."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from flashyard.agent.recovery.backoff import Backoff
from flashyard.agent.recovery.stall import Deadline
from flashyard.contract.faults import Code
from flashyard.contract.messages import FlashProgress, HubChanged
from flashyard.contract.phases import Phase
from support.bridge_peer import BridgePeer, check_story
from support.hub_at_work import Plug, hub_at_work
from support.image_server import ImageServer, image_server, stored
from support.waiting import until

CONTENT = b"an image" * 1000
IMAGE = stored(CONTENT)
STAGE = "The image store cannot be reached; trying again in "
SOON, NEVER = Backoff(0.05, 1.0, 0.05), Backoff(1e6, 1.0, 1e6)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ImageServer]:
    """A store that is out of order; one attempt to fetch from it is one request."""
    monkeypatch.setattr("flashyard.client.download._BARREN", 1)
    with image_server() as store:
        store.add(CONTENT)
        store.statuses = [503] * 10_000
        yield store


def troubles(peer: BridgePeer) -> list[Code]:
    assert peer.hub is not None
    return [trouble.code for trouble in peer.hub.troubles or ()]


async def test_the_job_goes_on_by_itself_once_the_store_is_back(
    peer: BridgePeer, plug: Plug, server: ImageServer, tmp_path: Path
) -> None:
    device = plug()
    told = {"bridge_url": server.url, "timing": {"image_again": SOON}}
    async with hub_at_work(peer.link_url, tmp_path, {"DEVICE_1": device.address}, **told):
        await peer.online("DEVICE_1")
        job_id = (await peer.start("DEVICE_1", image=IMAGE, total_bytes=len(CONTENT))).job_id
        await peer.phase(job_id, STAGE + "0.05 s")
        await peer.announce()
        assert troubles(peer) == [Code.IMAGE_UNREACHABLE]
        server.statuses.clear()
        await peer.completed(job_id)
        assert troubles(peer) == []
        assert device.content("system")[: len(CONTENT)] == CONTENT
        told_of = [bool(said.hub.troubles) for said in peer.said(HubChanged)]
        assert sum(not old and new for old, new in pairwise(told_of)) == 1
        check_story(peer, job_id)
        record = peer.record_of(job_id)
        assert record is not None
        assert [mishap.code for mishap in record.mishaps] == [Code.IMAGE_UNREACHABLE]


async def test_to_wait_for_the_next_attempt_is_no_stall(
    peer: BridgePeer, plug: Plug, server: ImageServer, tmp_path: Path
) -> None:
    timing = {
        "image_again": Backoff(2.0, 2.0, 2.0),
        "stalls": {Phase.PREPARING: Deadline(1.0, 1.5)},
    }
    told = {"bridge_url": server.url, "timing": timing}
    async with hub_at_work(peer.link_url, tmp_path, {"DEVICE_1": plug().address}, **told):
        await peer.online("DEVICE_1")
        job_id = (await peer.start("DEVICE_1", image=IMAGE, total_bytes=len(CONTENT))).job_id
        await until(lambda: len(server.requests) >= 3)
        server.statuses.clear()
        await peer.completed(job_id)
        stages = [said.stage for said in peer.said(FlashProgress, job_id)]
        assert not any(stage.startswith("Nothing") for stage in stages)


async def test_a_cancel_ends_the_wait(
    peer: BridgePeer, plug: Plug, server: ImageServer, tmp_path: Path
) -> None:
    device = plug()
    told = {"bridge_url": server.url, "timing": {"image_again": NEVER}}
    async with hub_at_work(peer.link_url, tmp_path, {"DEVICE_1": device.address}, **told):
        await peer.online("DEVICE_1")
        job_id = (await peer.start("DEVICE_1", image=IMAGE, total_bytes=len(CONTENT))).job_id
        await peer.phase(job_id, STAGE)
        assert (await peer.cancel(job_id)).accepted
        end = await peer.failed(job_id, Code.CANCELLED)
        assert end.device_state == "untouched"
        assert troubles(peer) == []


async def test_a_store_that_stays_away_fails_the_job_in_the_end(
    peer: BridgePeer, plug: Plug, server: ImageServer, tmp_path: Path
) -> None:
    device = plug()
    told = {"bridge_url": server.url, "timing": {"image_again": SOON}, "image_patience": 0}
    async with hub_at_work(peer.link_url, tmp_path, {"DEVICE_1": device.address}, **told):
        await peer.online("DEVICE_1")
        job_id = (await peer.start("DEVICE_1", image=IMAGE, total_bytes=len(CONTENT))).job_id
        await peer.failed(job_id, Code.IMAGE_UNREACHABLE)
        assert not device.commands
