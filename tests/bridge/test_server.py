"""A bridge in a process of its own: it says when it serves, and a stop is a success."""

from __future__ import annotations

import asyncio
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from support.brokers import free_port


@asynccontextmanager
async def _process(tmp_path: Path) -> AsyncIterator[tuple[Process, str]]:
    broker = f"mqtt://127.0.0.1:{free_port()}"
    command = ["bridge", "--broker", broker, "--listen", ":0", "--data-dir", str(tmp_path)]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "flashyard", *command), stdin=DEVNULL, stdout=PIPE
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(20):
            ready, url = (await process.stdout.readline()).decode().split()
        assert ready == "ready"
        yield process, url
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _refused(url: str) -> None:
    """Wait until nobody listens there any more."""
    where = httpx.URL(url)
    async with asyncio.timeout(10):
        while True:
            try:
                _, writer = await asyncio.open_connection(where.host, where.port)
            except ConnectionRefusedError:
                return
            writer.close()
            await asyncio.sleep(0.02)


async def test_sigterm_says_goodbye_to_browsers_and_exits_with_0(tmp_path: Path) -> None:
    async with _process(tmp_path) as (process, url):
        client = await connect(url.replace("http", "ws") + "/flash-progress")
        process.send_signal(signal.SIGTERM)
        with pytest.raises(ConnectionClosed) as caught:
            async with asyncio.timeout(10):
                await client.recv()
        assert caught.value.rcvd is not None
        assert caught.value.rcvd.code == 1012
        async with asyncio.timeout(10):
            assert await process.wait() == 0


async def test_a_stop_waits_for_a_request_that_is_under_way(tmp_path: Path) -> None:
    async with _process(tmp_path) as (process, url), httpx.AsyncClient(base_url=url) as http:
        begun, stopping = asyncio.Event(), asyncio.Event()

        async def body() -> AsyncIterator[bytes]:
            yield b"x" * 100_000
            begun.set()
            await stopping.wait()
            yield b"y" * 100_000

        upload = asyncio.create_task(
            http.post(
                "/api/images?name=a.img",
                content=body(),
                headers={"Content-Type": "application/octet-stream"},
            )
        )
        await begun.wait()
        process.send_signal(signal.SIGTERM)
        await _refused(url)
        stopping.set()
        assert (await upload).status_code == 201
        async with asyncio.timeout(10):
            assert await process.wait() == 0
