"""1,200 messages a second from 600 jobs, and a browser that never reads: nobody else is harmed."""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import psutil
import pytest
from websockets.asyncio.client import ClientConnection, connect

from support.brokers import mosquitto
from support.busy_hub import BusyHub
from support.processes import serving
from support.raw_websocket import RawWebSocket
from support.waiting import until

PATH = "/flash-progress"
JOBS = 600
RATE = 1_200  # messages/s
HEALTHY = 4
AT_ONCE = 100  # ends; all at once are too much even for one who reads, on a slow machine
SMALL_WINDOW = 4096  # bytes that wait for the one that never reads in its own kernel's buffer
MAX_GROWTH = 30 << 20  # bytes of the bridge's memory, from all jobs begun to all ended
ENOUGH = 5  # looks at those who read while the other one is stuck
PATIENCE = 60.0  # seconds for what must come, on a machine that is busy with other things


class Browser:
    """One that reads. ``newest``: the bytes it shows, by job; ``seqs``: each job's numbers."""

    def __init__(self, connection: ClientConnection) -> None:
        self.newest: dict[str, int] = {}
        self.seqs: dict[str, list[int]] = {}
        self.ended: list[str] = []
        self.delays: list[float] = []
        self.reading = asyncio.create_task(self._read(connection), name="a browser")

    def shows(self, said: dict[str, int]) -> bool:
        """Is every job at least as far here as was said?"""
        assert not self.reading.done(), "it was disconnected"
        return all(self.newest.get(job_id, -1) >= done for job_id, done in said.items())

    async def _read(self, connection: ClientConnection) -> None:
        async for text in connection:
            message = json.loads(text)
            job_id = message["jobId"]
            self.seqs.setdefault(job_id, []).append(message["seq"])
            if message["type"] == "flash_progress":
                assert message["bytesTransferred"] >= self.newest.get(job_id, 0)
                self.newest[job_id] = message["bytesTransferred"]
            if message["type"] == "flash_completed":
                self.ended.append(job_id)
            if "sentAt" in message:
                self.delays.append((time.monotonic_ns() - message["sentAt"]) / 1e6)


class Load(NamedTuple):
    """The hub that talks, the bridge that passes it on, and those who read."""

    hub: BusyHub
    bridge: psutil.Process
    port: int
    http: httpx.AsyncClient
    browsers: list[Browser]

    def held(self) -> int:
        """How many bytes of memory the bridge holds now."""
        resident: int = self.bridge.memory_info().rss
        return resident

    async def health(self) -> dict[str, Any]:
        answer: dict[str, Any] = (await self.http.get("/health")).raise_for_status().json()
        assert answer["status"] == "ok"
        return answer

    async def connected(self, count: int) -> None:
        """Wait until the bridge counts so many browsers."""
        async with asyncio.timeout(PATIENCE):
            while True:
                if (await self.health())["websocket"]["connected_clients"] == count:
                    return
                await asyncio.sleep(0.05)

    async def shown(self) -> None:
        """Wait until all who read show what the hub has said by now."""
        said = self.hub.newest
        await until(lambda: all(browser.shows(said) for browser in self.browsers), PATIENCE)

    async def end_all(self) -> None:
        """End all jobs, some at a time, as those who read take note of it."""
        job_ids = list(self.hub.scripts)
        for done in range(0, JOBS, AT_ONCE):
            await self.hub.complete(job_ids[done : done + AT_ONCE])
            await until(partial(self._have_heard_of, done + AT_ONCE), PATIENCE)

    def _have_heard_of(self, ends: int) -> bool:
        return all(len(browser.ended) >= ends for browser in self.browsers)

    async def fill(self, stalled: RawWebSocket) -> None:
        """Talk until no byte goes to the stalled one any more: who waits for it waits for ever."""
        before, unsent = -1, 0
        async with asyncio.timeout(PATIENCE):
            while not unsent or unsent != before:
                await self.hub.sample(RATE, RATE // 2)
                await self.shown()
                before, unsent = unsent, stalled.unsent()

    async def watch(self, over: asyncio.Event, stalled: RawWebSocket) -> list[int]:
        """See all along that nobody is left behind; return what the bridge held in memory.

        Each time all that was said is shown. For as long as the stalled one is there it is stuck,
        so nobody waited for it; a bridge lets go of who takes nothing for long, and not at once,
        so nobody waited for that either.
        """
        held, stuck, checks = [], stalled.unsent(), 0
        while not over.is_set():
            await self.shown()
            held.append(self.held())
            unsent = stalled.unsent()
            connected = (await self.health())["websocket"]["connected_clients"]
            if connected == HEALTHY:  # it was let go, and for good
                break
            assert connected == HEALTHY + 1
            assert unsent == stuck, "it was not stuck"
            checks += 1
            await asyncio.sleep(0.2)
        assert checks >= ENOUGH
        while not over.is_set():
            await self.shown()
            held.append(self.held())
            await asyncio.sleep(0.2)
        return held


@asynccontextmanager
async def _load(folder: Path) -> AsyncIterator[Load]:
    async with AsyncExitStack() as stack:
        broker = mosquitto(folder)
        stack.push_async_callback(broker.stop)
        await broker.start()
        hub = await stack.enter_async_context(BusyHub(broker.url, JOBS))
        command = ("bridge", "--broker", broker.url, "--listen", "127.0.0.1:0")
        bridge = await stack.enter_async_context(serving(*command, "--data-dir", folder))
        [url] = bridge.ready
        http = await stack.enter_async_context(httpx.AsyncClient(base_url=url, timeout=PATIENCE))
        live = url.replace("http", "ws") + PATH
        browsers = [Browser(await stack.enter_async_context(connect(live))) for _ in range(HEALTHY)]
        yield Load(hub, psutil.Process(bridge.pid), http.base_url.port or 0, http, browsers)


@pytest.mark.timeout(400)
@pytest.mark.parametrize("seconds", [3, pytest.param(60, marks=pytest.mark.long)])
async def test_a_browser_that_never_reads_delays_nobody_and_costs_little_memory(
    seconds: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with _load(tmp_path) as load:
        stalled = RawWebSocket(load.port, window=SMALL_WINDOW)
        await stalled.ask(PATH)
        await load.connected(HEALTHY + 1)
        await load.hub.start()
        await load.shown()
        begun = load.held()
        await load.fill(stalled)
        busy = sum(load.bridge.cpu_times()[:2])

        over = asyncio.Event()
        watching = asyncio.create_task(load.watch(over, stalled), name="watch")
        await load.hub.sample(RATE, RATE * seconds)
        over.set()
        held = await watching
        busy = sum(load.bridge.cpu_times()[:2]) - busy
        await load.shown()  # the newest sample of every job: nothing is left behind
        assert (await load.health())["active_jobs"] == JOBS
        await load.end_all()
        held.append(load.held())

        for browser in load.browsers:
            assert not browser.reading.done(), "it was disconnected"
            assert sorted(browser.ended) == sorted(load.hub.scripts), "every end, once"
            for job_id, seqs in browser.seqs.items():
                assert [seq for seq, _ in groupby(seqs)] == [1, 2, 3, 4], f"{job_id}: an event each"
        assert max(held) - begun < MAX_GROWTH
        await load.connected(HEALTHY)  # the other one was let go: too slow even for the ends
        stalled.close()
    delays = sorted(delay for browser in load.browsers for delay in browser.delays)
    with capsys.disabled():
        print(  # noqa: T201 - figures for the reader; nothing is asserted of them
            f"\n{seconds} s: {len(delays)} of {load.hub.sent * HEALTHY} samples reached {HEALTHY} "
            f"browsers, delay p50 {statistics.median(delays):.1f} ms, "
            f"p99 {delays[len(delays) * 99 // 100]:.1f} ms; bridge {busy / seconds:.0%} of a CPU, "
            f"{begun >> 20} MiB and at most {(max(held) - begun) / (1 << 20):.1f} MiB more"
        )
