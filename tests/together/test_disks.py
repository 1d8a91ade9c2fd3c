"""A disk at a hub, flashed from a terminal: REST, MQTT, the hub, and blocks of a real kernel."""

from __future__ import annotations

import lzma
import os
import random
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from support.block_maps import block_map
from support.brokers import mosquitto
from support.hub_at_work import hub_at_work
from support.paper_reader import MIB, PaperReader
from support.processes import Finished, flashyard
from support.served import ServedBridge, served_bridge
from support.waiting import until

SIZE = 8 * MIB
BLOCK = 4096
RANGES = [(0, 300), (700, 700), (1500, 2047)]
CONTENT = random.Random("card").randbytes(SIZE)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A loop device's number and node, 0xEE all over; a file where this host has none."""
    backing = tmp_path / "backing"
    backing.write_bytes(b"\xee" * SIZE)
    losetup = shutil.which("losetup", path="/usr/sbin:/sbin:/usr/bin:/bin")
    tried = losetup and subprocess.run(
        [losetup, "--find", "--show", backing], capture_output=True, text=True, check=False
    )
    if not losetup or not tried or tried.returncode:
        yield "0:0", backing
        return
    node = Path(tried.stdout.strip())
    number = node.stat().st_rdev
    try:
        yield f"{os.major(number)}:{os.minor(number)}", node
    finally:
        subprocess.run([losetup, "--detach", node], check=True)


@pytest.fixture
async def bridge(tmp_path: Path, disk: tuple[str, Path]) -> AsyncIterator[ServedBridge]:
    """A bridge, and a hub with a stick in one of its ports."""
    number, node = disk
    bench = PaperReader(tmp_path / "bench")
    bench.plug("1-1", "STICK_1")
    (bench.nodes / "sda").symlink_to(node)
    bench.insert("1-1", "sda", size=SIZE, number=number)
    broker = mosquitto(tmp_path)
    await broker.start()
    async with served_bridge(broker.url, tmp_path / "images") as served:
        url = str(served.http.base_url)
        told = {"host": bench.host, "bridge_url": url}
        async with hub_at_work(broker.url, tmp_path / "hub", {}, **told):
            await until(lambda: any(each.online for each in served.state.fleet.find("STICK_1")))
            yield served
    await broker.stop()


async def ask(bridge: ServedBridge, *arguments: str | Path) -> Finished:
    return await flashyard(*arguments, env={"FLASHYARD_URL": str(bridge.http.base_url)})


async def test_a_compressed_image_with_its_map_is_written_to_a_disk_and_read_back(
    bridge: ServedBridge, disk: tuple[str, Path], tmp_path: Path
) -> None:
    image = tmp_path / "card.raw.xz"
    image.write_bytes(lzma.compress(CONTENT, preset=0))
    (tmp_path / "card.bmap").write_bytes(block_map(CONTENT, RANGES))
    wish = ("flash", "STICK_1", "disk", image, "--verify", "readback")
    plan = await ask(bridge, *wish, "--dry-run")
    assert "card.bmap: 3.32 MiB of 8.00 MiB are written" in plan.out
    assert "STICK_1: SanDisk Ultra, 8.00 MiB" in plan.out
    unasked = await ask(bridge, *wish)
    assert unasked.status == 2
    assert "STICK_1: SanDisk Ultra, 8.00 MiB" in unasked.err
    flashed = await ask(bridge, *wish, "--yes", "--json")
    assert flashed.status == 0, flashed.err
    assert '"verification":"readback"' in flashed.out
    expected = bytearray(b"\xee" * SIZE)
    for first, last in RANGES:
        span = slice(first * BLOCK, (last + 1) * BLOCK)
        expected[span] = CONTENT[span]
    assert disk[1].read_bytes() == expected


async def test_an_image_that_its_map_does_not_know_is_sent_nowhere(
    bridge: ServedBridge, disk: tuple[str, Path], tmp_path: Path
) -> None:
    image = tmp_path / "card.raw"
    image.write_bytes(CONTENT[::-1])
    (tmp_path / "map").write_bytes(block_map(CONTENT, RANGES))
    wish = ("flash", "STICK_1", "disk", image, "--yes")
    refused = await ask(bridge, *wish, "--bmap", tmp_path / "map")
    assert refused.status == 6, refused.err
    assert "not what its block map says" in refused.err
    assert (await bridge.http.get("/api/images")).json()["images"] == []
    everything = await ask(bridge, "flash", "--all", "disk", image, "--yes")
    assert everything.status == 1
    assert "--disks" in everything.err
    assert disk[1].read_bytes() == b"\xee" * SIZE
