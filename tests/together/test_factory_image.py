"""Factory images from the terminal onto a device, and AOSP's client with the same beside us."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterable
from itertools import groupby
from pathlib import Path

import pytest
import pytest_asyncio

from support.factory_images import images, noise, vendors, written, zipped
from support.fastboot_host import reference_client
from support.processes import Finished, Running, flashyard, serving

# All that AOSP's client of Debian 12 knows how to order.
FILES = {
    **images(),
    **{
        f"{name}.img": noise(3000 + len(name), name)
        for name in ("boot_other", "odm", "product", "recovery", "vbmeta_system", "vendor_boot")
    },
    "dt.img": noise(2000, "dt"),
    "system_other.img": noise(7000, "other"),
    "userdata.img": noise(1000, "never written"),
}
MORE = ("dts", "vbmeta_system", "vendor_boot")
LOGICAL = ("odm", "product", "system", "vendor")  # in super, which fastbootd alone can write

pytestmark = pytest.mark.asyncio(loop_scope="module")


def emulator(serial: str, folder: Path) -> tuple[str | Path, ...]:
    more = [word for name in MORE for word in ("--partition", f"{name}=1M")]
    more += [word for name in LOGICAL for word in ("--logical", f"{name}=1K")]
    where = ("--slots", "2", "--out", folder, "--data-dir", folder, "--boot-time", "100")
    return ("emulate", "--serial", serial, "--tcp", "127.0.0.1:0", *more, *where)


def address(device: Running, serial: str) -> str:
    return device.ready[0].removeprefix("fastboot-tcp://").removesuffix(f"/{serial}")


def flashed(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("factory")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def system(folder: Path) -> AsyncIterator[Running]:
    """A system with one device, BENCH_1."""
    nowhere = ("--listen", "127.0.0.1:0", "--mqtt", "127.0.0.1:0", "--data-dir", folder)
    async with serving(*emulator("BENCH_1", folder)) as device:
        place = address(device, "BENCH_1")
        async with serving("up", *nowhere, "--fastboot-tcp", f"BENCH_1={place}") as running:
            yield running


async def flash(system: Running, *arguments: str | Path) -> Finished:
    return await flashyard("flash", "BENCH_1", *arguments, "--url", system.ready[0])


async def peer(folder: Path, *command: str | Path) -> tuple[list[str], dict[str, bytes]]:
    """Have AOSP's client do it; tell what it wrote in which order, and what is there now."""
    async with serving(*emulator("PEER_1", folder)) as device:
        host, port = address(device, "PEER_1").split(":")
        place = (host, int(port))
        done = await asyncio.to_thread(reference_client, "tcp", place, "--skip-reboot", *command)
    assert done.returncode == 0, done.stderr
    return re.findall(r"Writing '(\w+)'", done.stderr), flashed(folder / "PEER_1")


def bare(name: str) -> str:
    return re.sub("_[ab]$", "", name)


def told(names: Iterable[str]) -> list[str]:
    """One of a kind in a row: both slots of a partition are one line."""
    return [name for name, _ in groupby(names)]


@pytest.mark.parametrize("command", ["update", "flashall"])
async def test_a_factory_image_is_written_in_the_order_and_to_the_bytes_of_aosps_client(
    system: Running, folder: Path, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {**FILES, "boot.img": noise(9000, command), "super_empty.img": noise(4096, command)}
    if command == "update":
        path = folder / "factory.zip"
        path.write_bytes(zipped(files))
        order, theirs = await peer(folder, "update", path)
    else:
        path = written(folder / "product", files)
        monkeypatch.setenv("ANDROID_PRODUCT_OUT", str(path))
        order, theirs = await peer(folder, "flashall")
    done = await flash(system, path)
    assert done.status == 0, done.err
    assert flashed(folder / "BENCH_1") == theirs
    lines = re.findall(r"Flashing (\w+) partition", done.out)
    assert [name for name in told(lines) if name != "super"] == told(map(bare, order))
    assert len(order) == len(FILES) - 2  # android-info.txt, and userdata.img
    assert "Restarting into fastbootd" in done.out


async def test_it_is_retried_whole_and_nothing_is_sent_twice(system: Running, folder: Path) -> None:
    path = folder / "vendor.zip"
    path.write_bytes(vendors({**FILES, "boot.img": noise(9000, "of the vendor")}))
    done = await flash(system, path, "--json")
    assert done.status == 0, done.err
    assert done.err.count("Sending ") == 1, "all but one were in the other zip"
    job = json.loads(done.out.splitlines()[-1])["job"]
    assert {step["status"] for step in job["steps"]} == {"completed"}
    again = await flashyard("retry", job["jobId"], "--json", "--url", system.ready[0])
    assert again.status == 0, again.err
    retried = json.loads(again.out)["jobId"]
    watched = await flashyard("watch", retried, "--url", system.ready[0])
    assert watched.status == 0, watched.err
