"""What replaces an original: `flashyard up` on two listeners, with the demo's devices.

One is shared by all tests of a file.
"""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import Any

import httpx
import psutil
import pytest
import pytest_asyncio
from websockets.asyncio.client import ClientConnection, connect

from support.processes import Running, serving

DEMO = (
    (PIXEL := "PIXEL6_001", "Google Pixel 6"),
    (SAMSUNG := "SAMSUNG_S21_002", "Samsung Galaxy S21"),
    (ONEPLUS := "ONEPLUS_9_003", "OnePlus 9 Pro"),
)
PATH = "/flash-progress"
ENDS = {"flash_completed", "flash_failed"}
MIB = 1 << 20
GIB = 1 << 30  # takes most of a minute: for jobs that are to be cancelled
_WITHIN = 30.0  # seconds for what must come


@dataclass(frozen=True)
class DropIn:
    """The system as its users see it; ``first`` and ``last`` are its listeners' URLs."""

    devices: Running
    running: Running
    http: httpx.AsyncClient

    @property
    def first(self) -> str:
        return self.running.ready[0]

    @property
    def last(self) -> str:
        return self.running.ready[1]

    @property
    def port(self) -> int:
        return httpx.URL(self.first).port or 0

    @property
    def bridge(self) -> psutil.Process:
        return psutil.Process(self.running.children()["bridge"])

    def log(self) -> list[str]:
        """What the bridge has logged."""
        lines = [json.loads(s) for s in self.running.err.splitlines() if s.startswith("{")]
        return [line["message"] for line in lines if line.get("role") == "bridge"]

    def watch(self, path: str = PATH, **options: Any) -> connect:
        return connect(self.first.replace("http", "ws") + path, **options)

    async def start(self, device: str, size: int = MIB, **more: Any) -> str:
        """Start a job on an idle device that stays there afterwards; return its id."""
        body = {"deviceId": device, "imageSize": size, "reboot": False, **more}
        answer = await self.http.post("/api/flash/start", json=body)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["jobId"])

    async def job(self, job_id: str) -> dict[str, Any]:
        answer = await self.http.get(f"/api/flash/job/{job_id}")
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()["job"]
        return told

    async def until(self, job_id: str, fits: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
        """Wait until REST tells of a job what it should."""
        async with asyncio.timeout(_WITHIN):
            while True:
                job = await self.job(job_id)
                if fits(job):
                    return job
                await asyncio.sleep(0.05)

    async def until_ended(self, job_id: str) -> dict[str, Any]:
        return await self.until(job_id, lambda job: "finishedAt" in job)

    async def until_moving(self, job_id: str) -> dict[str, Any]:
        return await self.until(job_id, lambda job: job["bytesTransferred"] > 0)

    async def until_back(self, device: str) -> None:
        """Wait until a device that restarts is there again; a job waits for it just so."""
        await self.until_ended(await self.start(device, 1))

    async def cancel(self, *job_ids: str) -> None:
        for job_id in job_ids:
            answer = await self.http.post(f"/api/flash/job/{job_id}/cancel")
            assert answer.status_code == 200, answer.text
        for job_id in job_ids:
            assert (await self.until_ended(job_id))["status"] == "cancelled"

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        """Stop the devices in the midst of what they do, so that nothing ends meanwhile."""
        self.devices.send(signal.SIGSTOP)
        try:
            yield
        finally:
            self.devices.send(signal.SIGCONT)

    async def until_alone(self) -> None:
        """Wait until no WebSocket client is connected."""
        async with asyncio.timeout(_WITHIN):
            while True:
                told = (await self.http.get("/health")).json()
                if told["websocket"]["connected_clients"] == 0:
                    return
                await asyncio.sleep(0.05)


async def story(socket: ClientConnection, job_id: str) -> list[dict[str, Any]]:
    """Read all that is said of a job, to its end."""
    told: list[dict[str, Any]] = []
    async with asyncio.timeout(_WITHIN):
        while not told or told[-1]["type"] not in ENDS:
            message = json.loads(await socket.recv())
            if message.get("jobId") == job_id:
                told.append(message)
    return told


async def pinged(socket: ClientConnection) -> list[dict[str, Any]]:
    """Read what was sent up to now: up to the answer to a ping, the answer included."""
    await socket.send('{"type":"ping","timestamp":7}')
    told: list[dict[str, Any]] = []
    async with asyncio.timeout(_WITHIN):
        while not told or told[-1]["type"] != "pong":
            told.append(json.loads(await socket.recv()))
    return told


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def drop_in(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[DropIn]:
    folder = tmp_path_factory.mktemp("drop-in")
    demo = (("--device", f"{device},tcp=127.0.0.1:0,name={name}") for device, name in DEMO)
    # As the demo's, but in small parts: a job that is cancelled ends with the part it is at.
    manners = ("--discard", "--out", folder, "--link-speed", "20M", "--max-download-size", "2M")
    async with serving("emulate", *chain(*demo), *manners) as devices:
        places = (url.removeprefix("fastboot-tcp://").split("/") for url in devices.ready)
        known = (("--fastboot-tcp", f"{device}={address}") for address, device in places)
        listens = ("--listen", "127.0.0.1:0", "--listen", ":0", "--mqtt", "127.0.0.1:0")
        async with (
            serving("up", *chain(*known), *listens, "--data-dir", folder) as running,
            httpx.AsyncClient(base_url=running.ready[0], timeout=_WITHIN) as http,
        ):
            yield DropIn(devices, running, http)
