"""Compressed images from the terminal to the device: what is inside arrives, or nothing does."""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from support.packings import WAYS, gzipped
from support.processes import Running, flashyard, serving

BLOCK = 4096
MIB = 1 << 20


@asynccontextmanager
async def bench(folder: Path) -> AsyncIterator[Running]:
    """The whole system with one device, whose `system` has 16 MiB; it takes 1 MiB at a time."""
    sizes = ("--partition", "system=16M", "--max-download-size", "1M")
    emulator = ("emulate", "--serial", "BENCH_1", "--tcp", "127.0.0.1:0", "--out", folder, *sizes)
    doors = ("--mqtt", "127.0.0.1:0", "--listen", "127.0.0.1:0")
    async with serving(*emulator) as device:
        place = device.ready[0].removeprefix("fastboot-tcp://").removesuffix("/BENCH_1")
        more = ("--data-dir", folder / "data", "--fastboot-tcp", f"BENCH_1={place}")
        async with serving("up", *doors, *more) as system:
            yield system


def an_image() -> bytes:
    noise = random.Random("kinds")
    pieces = [noise.randbytes(3 * MIB), bytes(2 * MIB), b"\x5a\xa5\x5a\xa5" * (MIB // 4)]
    return b"".join([*pieces, noise.randbytes(BLOCK), bytes(MIB)])


def made(folder: Path) -> tuple[dict[str, Path], bytes]:
    """One sparse image in every wrapping, and what the reference tool makes of it."""
    raw, sparse, back = folder / "raw", folder / "system.simg", folder / "back"
    raw.write_bytes(an_image())
    subprocess.run(["img2simg", raw, sparse], check=True)
    subprocess.run(["simg2img", sparse, back], check=True)
    content = sparse.read_bytes()
    files = {}
    for packing, ways in WAYS.items():
        files[packing.value] = folder / f"system.simg.{packing.value}"
        files[packing.value].write_bytes(ways[0](content))
    return files, back.read_bytes()


async def test_a_compressed_sparse_image_arrives_as_the_reference_tool_expands_it(
    tmp_path: Path,
) -> None:
    files, expected = await asyncio.to_thread(made, tmp_path)
    partition = tmp_path / "BENCH_1" / "system.img"
    async with bench(tmp_path) as system:
        url = ("--url", system.ready[0])
        for compression, file in files.items():
            await asyncio.to_thread(partition.unlink, missing_ok=True)
            came = await flashyard("flash", "BENCH_1", "system", file, *url, "--json")
            assert came.status == 0, came.err
            *_, last = map(json.loads, came.out.splitlines())
            job = last["job"]
            assert job["verification"] == "transport"
            assert job["bytesTransferred"] == job["totalBytes"]
            assert job["image"]["size"] == file.stat().st_size
            assert await asyncio.to_thread(partition.read_bytes) == expected
            listed = await flashyard("ls", "images", *url)
            assert f"sparse, {compression}" in listed.out


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (gzipped(an_image())[:-100], "damaged"),
        (gzipped(bytes(17 * MIB)), "do not fit"),
    ],
    ids=["cut", "bomb"],
)
async def test_what_is_damaged_or_too_large_inside_never_reaches_the_device(
    tmp_path: Path, content: bytes, words: str
) -> None:
    file = tmp_path / "system.img.gz"
    await asyncio.to_thread(file.write_bytes, content)
    async with bench(tmp_path) as system:
        came = await flashyard("flash", "BENCH_1", "system", file, "--url", system.ready[0])
        assert came.status != 0
        assert words in came.err
        assert "hint:" in came.err
        assert "Sending" not in came.err
        listed = await flashyard("ls", "jobs", "--all", "--json", "--url", system.ready[0])
        assert listed.out == ""


async def test_a_compressed_file_is_written_as_it_is_where_that_is_asked_for(
    tmp_path: Path,
) -> None:
    file, content = tmp_path / "ramdisk.img", gzipped(b"init" * 5000)
    await asyncio.to_thread(file.write_bytes, content)
    partition = tmp_path / "BENCH_1" / "system.img"
    async with bench(tmp_path) as system:
        for more, expected in (((), b"init" * 5000), (("--as-is",), content)):
            for sending in (True, False):
                came = await flashyard(
                    "flash", "BENCH_1", "system", file, "--url", system.ready[0], *more
                )
                assert came.status == 0, came.err
                assert ("Sending" in came.err) is sending
                flashed = await asyncio.to_thread(partition.read_bytes)
                assert flashed.rstrip(b"\0") == expected.rstrip(b"\0")
