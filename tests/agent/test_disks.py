"""A hub that looks after disks on USB: listed as they are, written by order alone."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flashyard.contract.faults import Code
from flashyard.contract.phases import Verification
from flashyard.contract.records import Device
from support.bridge_peer import BridgePeer, check_story
from support.hub_at_work import hub_at_work
from support.image_server import ImageServer, image_server, stored
from support.paper_reader import MIB, STATION, PaperReader
from support.waiting import until

CONTENT = random.Random("a card").randbytes(3 * MIB + 513)
WANTED = {"image": stored(CONTENT), "partition": "disk", "total_bytes": len(CONTENT)}
UNTOUCHED = b"\xee" * (8 * MIB)


@pytest.fixture
def bench(tmp_path: Path) -> PaperReader:
    return PaperReader(tmp_path / "bench")


@pytest.fixture
def server() -> Iterator[ImageServer]:
    with image_server() as store:
        store.add(CONTENT)
        yield store


def disk_hub(
    peer: BridgePeer, bench: PaperReader, server: ImageServer, directory: Path, **more: Any
) -> Any:
    told = {"host": bench.host, "bridge_url": server.url, "timing": {"wait_for_device": 0.5}}
    return hub_at_work(peer.link_url, directory, {}, **told | more)


async def hinted(peer: BridgePeer, device_id: str, words: str) -> Device:
    def is_told() -> bool:
        device = peer.devices.get(device_id)
        return device is not None and words in (device.hint or "")

    await until(is_told)
    return peer.devices[device_id]


async def test_a_stick_is_listed_with_its_size_and_flashed_and_read_back(
    peer: BridgePeer, bench: PaperReader, server: ImageServer, tmp_path: Path
) -> None:
    bench.plug("1-1")
    node = bench.insert("1-1")
    async with disk_hub(peer, bench, server, tmp_path):
        await peer.online("STICK_1")
        stick = peer.devices["STICK_1"]
        assert (stick.mode, stick.transport, stick.port) == ("storage", "usb", STATION.format(1))
        assert (stick.product, stick.serial) == ("SanDisk Ultra", "STICK_1")
        assert (stick.partitions, stick.hint) == ({"disk": 8 * MIB}, None)
        assert node.read_bytes() == UNTOUCHED
        job = (await peer.start("STICK_1", **WANTED, options={"verify": "readback"})).job_id
        end = await peer.completed(job)
        check_story(peer, job)
        assert end.verification is Verification.READBACK
        assert node.read_bytes() == CONTENT + UNTOUCHED[len(CONTENT) :]
        await until(lambda: peer.devices["STICK_1"].current_job is None)
        assert peer.devices["STICK_1"].online


async def test_each_slot_of_a_reader_is_a_device_and_its_cards_come_and_go(
    peer: BridgePeer, bench: PaperReader, server: ImageServer, tmp_path: Path
) -> None:
    bench.plug("1-2", "READER")
    bench.insert("1-2", "sda", size=0)
    card = bench.insert("1-2", "sdb", lun=1)
    async with disk_hub(peer, bench, server, tmp_path):
        await peer.online("READER:1")
        assert peer.devices["READER:1"].port == f"{STATION.format(2)} lun 1"
        empty = await hinted(peer, "READER", "no medium")
        assert not empty.online
        refused = await peer.start("READER", **WANTED)
        assert (refused.code, refused.error) == (
            Code.DEVICE_OFFLINE,
            "There is no medium in the drive.",
        )
        await peer.completed((await peer.start("READER:1", **WANTED)).job_id)
        assert card.read_bytes().startswith(CONTENT)
        bench.take_out("sdb")
        await until(lambda: not peer.devices["READER:1"].online)
        bench.insert("1-2", "sda", size=16 * MIB)
        await peer.online("READER")
        assert peer.devices["READER"].partitions == {"disk": 16 * MIB}
        bench.unplug("1-2")
        await until(lambda: not peer.devices["READER"].online)


async def test_a_disk_comes_after_its_plug_and_a_cd_never(
    peer: BridgePeer, bench: PaperReader, server: ImageServer, tmp_path: Path
) -> None:
    bench.plug("1-1")
    bench.insert("1-1", "sr0", lun=1, kind="5")
    async with disk_hub(peer, bench, server, tmp_path):
        assert not (await hinted(peer, "STICK_1", "no disk of it")).online
        bench.insert("1-1")
        await peer.online("STICK_1")
        assert list(peer.devices) == ["STICK_1"]


async def test_a_mounted_disk_says_so_and_its_job_waits_for_it_to_be_let_go(
    peer: BridgePeer, bench: PaperReader, server: ImageServer, tmp_path: Path
) -> None:
    bench.plug("1-1")
    node = bench.insert("1-1")
    bench.mount("/media/photos")
    async with disk_hub(peer, bench, server, tmp_path):
        await peer.online("STICK_1")
        await hinted(peer, "STICK_1", "mounted")
        first = await peer.start("STICK_1", **WANTED)
        failed = await peer.failed(first.job_id, Code.DISK_IN_USE)
        assert failed.device_state == "untouched"
        assert node.read_bytes() == UNTOUCHED
        second = await peer.start("STICK_1", **WANTED)
        bench.mount()
        await peer.completed(second.job_id)
        assert peer.devices["STICK_1"].hint is None


@pytest.mark.parametrize(
    "case",
    [
        (Code.SYSTEM_DISK, "system lives on"),
        (Code.DISK_READ_ONLY, "read-only"),
        (Code.NOT_ALLOWED, "larger than what this hub writes"),
    ],
)
async def test_a_disk_that_is_never_written_is_refused_at_once_and_says_why(
    peer: BridgePeer,
    bench: PaperReader,
    server: ImageServer,
    tmp_path: Path,
    case: tuple[Code, str],
) -> None:
    code, words = case
    bench.plug("1-1")
    node = bench.insert("1-1")
    if code is Code.SYSTEM_DISK:
        bench.mount("/")
    elif code is Code.DISK_READ_ONLY:
        bench.tell("sda", ro="1")
    largest = 4 * MIB if code is Code.NOT_ALLOWED else 8 * MIB
    async with disk_hub(peer, bench, server, tmp_path, max_disk=largest):
        await hinted(peer, "STICK_1", words)
        refused = await peer.start("STICK_1", **WANTED)
        assert (refused.accepted, refused.code) == (False, code)
        assert node.read_bytes() == UNTOUCHED


async def test_sticks_of_one_serial_and_of_none_are_devices_of_their_ports(
    peer: BridgePeer, bench: PaperReader, server: ImageServer, tmp_path: Path
) -> None:
    for port, disk in ((1, "sda"), (2, "sdb")):
        bench.plug(f"1-{port}", None)
        bench.insert(f"1-{port}", disk)
    async with disk_hub(peer, bench, server, tmp_path):
        await until(lambda: len([each for each in peer.devices.values() if each.online]) == 2)
        ports = {each.port for each in peer.devices.values()}
        assert ports == {STATION.format(1), STATION.format(2)}
        assert all(name.startswith("usb-") for name in peer.devices)
