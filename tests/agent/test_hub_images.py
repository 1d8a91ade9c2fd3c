"""Images on their way to a device: fetched, checked, kept, and never let go while in use."""

from __future__ import annotations

import errno
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from backports import zstd

from flashyard.contract.faults import Code
from flashyard.contract.messages import FlashFailed, FlashProgress
from flashyard.contract.phases import Phase, Verification
from support.bridge_peer import BridgePeer, check_story
from support.emulated import MIB
from support.hub_at_work import Plug, hub_at_work
from support.image_server import ImageServer, image_server, stored, stored_packed
from support.waiting import until

CONTENT = random.Random("system").randbytes(MIB + 4097)
IMAGE = stored(CONTENT)
QUERY = "hub=bench-a&expires=1703001234&signature=c0ffee"


@pytest.fixture
def server() -> Iterator[ImageServer]:
    with image_server() as store:
        store.add(CONTENT)
        yield store


async def test_an_image_is_fetched_checked_and_flashed(
    peer: BridgePeer, plug: Plug, server: ImageServer, tmp_path: Path
) -> None:
    device = plug()
    async with hub_at_work(
        peer.link_url, tmp_path, {"DEVICE_1": device.address}, bridge_url=server.url
    ):
        await peer.online("DEVICE_1")
        for _ in range(2):
            receipt = await peer.start(
                "DEVICE_1", image=IMAGE, query=QUERY, total_bytes=len(CONTENT)
            )
            end = await peer.completed(receipt.job_id)
            assert end.verification is Verification.TRANSPORT
            check_story(peer, receipt.job_id)
            assert device.content("system")[: len(CONTENT)] == CONTENT
        assert server.requests == [(f"/api/images/{IMAGE.sha256}?{QUERY}", None)]
        everything = b"".join(heard.report.encode() for heard in peer.heard)
        assert b"c0ffee" not in everything, "a signature is nobody else's business"


async def test_without_checking_nothing_is_said_to_be_verified(
    peer: BridgePeer, plug: Plug, server: ImageServer, tmp_path: Path
) -> None:
    addresses = {"DEVICE_1": plug().address}
    async with hub_at_work(peer.link_url, tmp_path, addresses, bridge_url=server.url):
        await peer.online("DEVICE_1")
        receipt = await peer.start(
            "DEVICE_1", image=IMAGE, total_bytes=len(CONTENT), options={"verify": "none"}
        )
        end = await peer.completed(receipt.job_id)
        assert end.verification is Verification.NONE


async def test_a_fetch_shows_in_the_stage_and_ends_when_its_job_is_cancelled(
    peer: BridgePeer, plug: Plug, server: ImageServer, tmp_path: Path
) -> None:
    server.hold = True
    device = plug()
    async with hub_at_work(
        peer.link_url, tmp_path, {"DEVICE_1": device.address}, bridge_url=server.url
    ):
        await peer.online("DEVICE_1")
        receipt = await peer.start("DEVICE_1", image=IMAGE, total_bytes=len(CONTENT))
        await peer.phase(receipt.job_id, "Fetching image (0 %)")
        said = peer.said(FlashProgress, receipt.job_id)
        assert {(p.phase, p.progress, p.bytes_transferred) for p in said} == {
            (Phase.PREPARING, 0.0, 0)
        }
        assert (await peer.cancel(receipt.job_id)).accepted
        end = await peer.failed(receipt.job_id, Code.CANCELLED)
        assert end.device_state == "untouched"
        assert not device.commands


async def test_two_devices_share_one_fetch_and_one_may_leave(
    peer: BridgePeer, plug: Plug, server: ImageServer, tmp_path: Path
) -> None:
    server.hold = True
    addresses = {"ONE": plug("ONE").address, "TWO": plug("TWO").address}
    async with hub_at_work(peer.link_url, tmp_path, addresses, bridge_url=server.url):
        await peer.online("ONE", "TWO")
        one, two = [
            (await peer.start(name, image=IMAGE, total_bytes=len(CONTENT))).job_id
            for name in addresses
        ]
        await peer.phase(one, "Fetching")
        await peer.phase(two, "Fetching")
        assert (await peer.cancel(one)).accepted
        await peer.ended(one)
        server.go.set()
        await peer.completed(two)
        assert len(server.requests) == 1


async def test_a_compressed_image_is_unpacked_once_for_all_and_flashed(
    peer: BridgePeer, plug: Plug, server: ImageServer, tmp_path: Path
) -> None:
    packed = zstd.compress(CONTENT * 3)
    server.add(packed)
    image = stored_packed(packed, CONTENT * 3, "zstd")
    devices = {name: plug(name) for name in ("ONE", "TWO", "THREE")}
    addresses = {name: device.address for name, device in devices.items()}
    async with hub_at_work(peer.link_url, tmp_path, addresses, bridge_url=server.url):
        await peer.online(*addresses)
        jobs = [
            (await peer.start(name, image=image, total_bytes=len(CONTENT) * 3)).job_id
            for name in addresses
        ]
        for job_id in jobs:
            end = await peer.completed(job_id)
            assert end.verification is Verification.TRANSPORT
            check_story(peer, job_id)
        for device in devices.values():
            assert device.content("system")[: len(CONTENT) * 3] == CONTENT * 3
        assert len(server.requests) == 1
        kept = {path.name for path in (tmp_path / "hub" / "images").iterdir()}
        assert kept == {image.sha256, f"{image.sha256}.unpacked"}


async def test_what_is_not_inside_as_the_order_says_leaves_the_device_untouched(
    peer: BridgePeer, plug: Plug, server: ImageServer, tmp_path: Path
) -> None:
    packed = zstd.compress(CONTENT)
    server.add(packed)
    image = stored_packed(packed, CONTENT[1:], "zstd")
    device = plug()
    async with hub_at_work(
        peer.link_url, tmp_path, {"DEVICE_1": device.address}, bridge_url=server.url
    ):
        await peer.online("DEVICE_1")
        receipt = await peer.start("DEVICE_1", image=image, total_bytes=len(CONTENT) - 1)
        end = await peer.failed(receipt.job_id, Code.IMAGE_TOO_LARGE)
        assert end.device_state == "untouched"
        assert not device.commands


def missing(server: ImageServer) -> Code:
    server.images.clear()
    return Code.UNKNOWN_IMAGE


def wrong(server: ImageServer) -> Code:
    server.images[IMAGE.sha256] = CONTENT[:-1] + b"!"
    return Code.IMAGE_DIGEST


def forbidden(server: ImageServer) -> Code:
    server.statuses = [403]
    return Code.IMAGE_UNREACHABLE


@pytest.mark.parametrize("trouble", [missing, wrong, forbidden])
async def test_an_image_that_cannot_be_had_fails_the_job_and_the_device_is_untouched(
    peer: BridgePeer,
    plug: Plug,
    server: ImageServer,
    tmp_path: Path,
    trouble: Callable[[ImageServer], Code],
) -> None:
    code = trouble(server)
    device = plug()
    async with hub_at_work(
        peer.link_url, tmp_path, {"DEVICE_1": device.address}, bridge_url=server.url
    ):
        await peer.online("DEVICE_1")
        receipt = await peer.start("DEVICE_1", image=IMAGE, total_bytes=len(CONTENT))
        end = await peer.failed(receipt.job_id, code)
        assert end.device_state == "untouched"
        assert not device.commands


async def test_a_disk_of_the_hubs_that_fails_ends_the_job_and_not_the_device_s_agent(
    peer: BridgePeer,
    plug: Plug,
    server: ImageServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def worn_out(*_: object) -> bytes:
        raise OSError(errno.EIO, "Input/output error")

    device = plug()
    async with hub_at_work(
        peer.link_url, tmp_path, {"DEVICE_1": device.address}, bridge_url=server.url
    ):
        await peer.online("DEVICE_1")
        asked = {"image": IMAGE, "query": QUERY, "total_bytes": len(CONTENT)}
        with monkeypatch.context() as patched:
            patched.setattr("flashyard.flash.images.image.Image.__enter__", worn_out)
            end = await peer.ended((await peer.start("DEVICE_1", **asked)).job_id)
        assert isinstance(end, FlashFailed)
        assert (end.code, end.details) == (Code.IMAGE_CORRUPT, "Input/output error")
        assert end.device_state == "untouched"
        await peer.completed((await peer.start("DEVICE_1", **asked)).job_id)


async def test_a_hub_that_was_not_told_of_its_bridge_refuses_images(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    async with hub_at_work(peer.link_url, tmp_path, {"DEVICE_1": plug().address}):
        await peer.online("DEVICE_1")
        receipt = await peer.start("DEVICE_1", image=IMAGE, total_bytes=len(CONTENT))
        assert (receipt.accepted, receipt.code) == (False, Code.IMAGE_UNREACHABLE)


async def test_a_waiting_job_is_given_a_fresh_signature(
    peer: BridgePeer, plug: Plug, server: ImageServer, tmp_path: Path
) -> None:
    device = plug(link_speed=2 * MIB)
    async with hub_at_work(
        peer.link_url, tmp_path, {"DEVICE_1": device.address}, bridge_url=server.url
    ):
        await peer.online("DEVICE_1")
        await peer.start("DEVICE_1", total_bytes=MIB)
        waiting = await peer.start(
            "DEVICE_1", image=IMAGE, query="signature=old", total_bytes=len(CONTENT)
        )
        wrong = await peer.renew(waiting.job_id, "0" * 64, "signature=new")
        assert (wrong.accepted, wrong.code) == (False, Code.INVALID_REQUEST)
        assert (await peer.renew(waiting.job_id, IMAGE.sha256, "signature=new")).accepted
        await peer.completed(waiting.job_id)
        assert [path.partition("?")[2] for path, _ in server.requests] == ["signature=new"]


async def test_a_full_cache_lets_go_of_the_oldest_but_not_of_what_is_in_use(
    peer: BridgePeer, plug: Plug, server: ImageServer, tmp_path: Path
) -> None:
    contents = [random.Random(n).randbytes(MIB) for n in range(3)]
    images = [stored(content) for content in contents]
    for content in contents:
        server.add(content)
    slow, fast = plug("SLOW", link_speed=MIB // 4), plug("FAST")
    addresses = {"SLOW": slow.address, "FAST": fast.address}
    limit = 2 * MIB + 100
    async with hub_at_work(
        peer.link_url, tmp_path, addresses, bridge_url=server.url, cache_size=limit
    ):
        await peer.online("SLOW", "FAST")
        using = (await peer.start("SLOW", image=images[0])).job_id
        await peer.phase(using, "Flashing")
        for image in images[1:]:
            job_id = (await peer.start("FAST", image=image)).job_id
            await peer.completed(job_id)
        kept = {path.name for path in (tmp_path / "hub" / "images").iterdir()}
        assert kept == {images[0].sha256, images[2].sha256}
        too_large = await peer.start("FAST", image=IMAGE, total_bytes=len(CONTENT))
        await peer.failed(too_large.job_id, Code.DISK_FULL)
        await peer.completed(using)
        await until(lambda: slow.content("system")[:MIB] == contents[0])
