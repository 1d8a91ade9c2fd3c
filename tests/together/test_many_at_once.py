"""One image to 24 devices at once: read from the disk once, held in bounded memory by the hub."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest

from support.flashed import flashed
from support.proc import forget, most_held, read_from_disk
from support.processes import serving

MIB = 1 << 20
SIZE = 256 * MIB
DEVICES = 24
BROKEN = "DEVICE_00"
MOST = 150_000_000  # bytes of memory for the hub


async def _content() -> AsyncIterator[bytes]:
    for _ in range(SIZE // MIB):
        yield os.urandom(MIB)


@pytest.mark.long
@pytest.mark.timeout(900)
async def test_24_devices_have_the_image_read_once_and_one_that_fails_holds_nobody(
    tmp_path: Path,
) -> None:
    names = [f"DEVICE_{number:02}" for number in range(DEVICES)]
    async with AsyncExitStack() as stack:
        places = []
        for some, fault in (([BROKEN], ("--fault", "download:1=cut@1000000")), (names[1:], ())):
            flags = [word for name in some for word in ("--device", f"{name},tcp=127.0.0.1:0")]
            command = ("emulate", "--discard", "--data-dir", tmp_path, *fault, *flags)
            emulator = await stack.enter_async_context(serving(*command))
            urls = [httpx.URL(url) for url in emulator.ready]
            places += [f"--fastboot-tcp={url.path[1:]}={url.netloc.decode()}" for url in urls]
        doors = ("--listen", "127.0.0.1:0", "--mqtt", "127.0.0.1:0", "--no-usb")
        more = ("--data-dir", tmp_path, "--max-parallel", str(DEVICES), "--retries", "0")
        system = await stack.enter_async_context(serving("up", *doors, *more, *places))
        http = await stack.enter_async_context(
            httpx.AsyncClient(base_url=system.ready[0], timeout=120)
        )
        headers = {"content-type": "application/octet-stream", "content-length": str(SIZE)}
        answer = await http.post("/api/images", content=_content(), headers=headers)
        sha256 = answer.json()["image"]["sha256"]
        body = {"partition": "system", "image": sha256, "reboot": False}
        first = await flashed(http, deviceId=names[1], **body)  # which fetches it
        assert first["status"] == "completed", first
        await asyncio.to_thread(forget, tmp_path / "hub" / "images" / sha256)
        hub = system.children()["hub"]
        before = read_from_disk(hub)
        jobs = await asyncio.gather(*(flashed(http, deviceId=name, **body) for name in names))
        read = read_from_disk(hub) - before
        assert [job["status"] for job in jobs] == ["failed"] + ["completed"] * (DEVICES - 1)
        assert all(job["bytesTransferred"] == SIZE for job in jobs[1:])
        assert read < SIZE + SIZE // 20
        assert most_held(hub) < MOST
