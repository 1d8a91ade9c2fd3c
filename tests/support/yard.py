"""A whole system of real processes that can be killed one by one: broker, bridge, hub, devices."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from flashyard.contract.messages import decode_message
from flashyard.contract.topics import Kind, Topic
from flashyard.contract.tracked import Frame
from flashyard.link import Link
from support.broker_process import BrokerProcess, free_port
from support.waiting import until
from support.watcher import Watcher

DEVICE = "TEST1"
_WITHIN = 60.0  # seconds to be ready, and to stop, on a busy machine


class Role:
    """One `flashyard` command in a process, to be started again with the same arguments."""

    def __init__(self, log: Path, *arguments: str) -> None:
        self.said: list[str] = []
        self._log = log
        self._arguments = arguments
        self._process: Process | None = None

    async def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "flashyard",
                *self._arguments,
                stdin=DEVNULL,
                stdout=PIPE,
                stderr=log,
            )
        assert process.stdout is not None
        async with asyncio.timeout(_WITHIN):
            line = (await process.stdout.readline()).decode().split()
        assert line[:1] == ["ready"], f"{self._arguments}: {line}\n{self._log.read_text()}"
        self.said = line[1:]

    async def stop(self) -> int:
        """SIGTERM it; return its exit status."""
        return await self._end(signal.SIGTERM)

    async def kill(self) -> None:
        """SIGKILL it."""
        await self._end(signal.SIGKILL)

    def freeze(self) -> None:
        """SIGSTOP it: it says nothing more, and its connections stay open."""
        self._send(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT it."""
        self._send(signal.SIGCONT)

    def _send(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    async def _end(self, how: signal.Signals) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        if process.returncode is None:
            process.send_signal(how)
        async with asyncio.timeout(_WITHIN):
            return await process.wait()


class Browser:
    """A WebSocket client that writes down what it is told; it comes back when it is dropped."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.connections: list[Watcher] = []
        self.messages: list[dict[str, Any]] = []
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._watch(), name="browser")
        await until(lambda: self.connections)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    def complaints(self) -> list[str]:
        return [text for watcher in self.connections for text in watcher.complaints()]

    def last(self, job_id: str) -> dict[str, Any]:
        """The newest message on a job, or an empty one."""
        return next((m for m in reversed(self.messages) if m.get("jobId") == job_id), {})

    async def caught_up(self, job_ids: Collection[str], within: float = 30.0) -> bool:
        """Wait until the last connection was told the end of each of these; was it?"""
        assert self._task is not None
        deadline = asyncio.get_running_loop().time() + within
        while asyncio.get_running_loop().time() < deadline and not self._task.done():
            told = {job_id for job_id in job_ids if self._was_told_the_end_of(job_id)}
            if len(told) == len(job_ids):
                return True
            await asyncio.sleep(0.1)
        return False

    def _was_told_the_end_of(self, job_id: str) -> bool:
        return any(watcher.ends(job_id) for watcher in self.connections)

    async def _watch(self) -> None:
        while True:
            try:
                async with connect(self.url) as socket:
                    await self._listen(socket)
            except (OSError, ConnectionClosed, EOFError, InvalidHandshake):
                await asyncio.sleep(0.2)

    async def _listen(self, socket: ClientConnection) -> None:
        watcher = Watcher()
        self.connections.append(watcher)
        async for text in socket:
            assert isinstance(text, str)
            message = decode_message(text)
            watcher.join([Frame(message, text.encode())])
            self.messages.append(json.loads(text))


class Yard:
    """The roles, a REST client, and words for what tests do with them."""

    def __init__(
        self,
        folder: Path,
        broker: BrokerProcess,
        port: int,
        speed: str,
        *,
        lost_after: float,
        database: str,
    ) -> None:
        self.broker = broker
        self.base = f"http://127.0.0.1:{port}"
        self.http = httpx.AsyncClient(base_url=self.base, timeout=10)
        self._folder = folder
        self.emulator = self._role(
            "emulate", "--device", f"{DEVICE},tcp=127.0.0.1:{free_port()}", "--link-speed", speed
        )
        self.bridge = self._role(
            *("bridge", "--broker", broker.url, "--listen", f"127.0.0.1:{port}"),
            *("--lost-after", f"{lost_after:g}", "--data-dir", str(folder)),
            *(("--database", database) if database else ()),
        )
        self.hub: Role | None = None

    @asynccontextmanager
    async def records(self) -> AsyncIterator[list[bytes]]:
        """Collect the records of ended jobs from MQTT, whether or not a bridge is there."""
        heard: list[bytes] = []
        link = Link(
            self.broker.url,
            "viewer-records",
            on_message=lambda _topic, payload, _retained: heard.append(payload),
            subscriptions=[(str(Topic(Kind.RECORD, "bench-a")), 1)],
        )
        async with link:
            await until(lambda: link.is_up)
            yield heard

    def browser(self) -> Browser:
        return Browser(self.base.replace("http", "ws") + "/flash-progress")

    async def start(self) -> None:
        await self.emulator.start()
        await self.bridge.start()
        await self.start_hub()

    async def start_hub(self) -> None:
        if self.hub is None:
            [said] = self.emulator.said
            address = said.split("//")[1].split("/")[0]
            self.hub = self._role(
                *("hub", "--hub-id", "bench-a", "--broker", self.broker.url),
                *("--bridge-url", self.base, "--data-dir", str(self._folder)),
                *("--fastboot-tcp", f"{DEVICE}={address}"),
            )
        await self.hub.start()
        await self.until_device(online=True)

    async def until_device(self, *, online: bool, within: float = 60.0) -> None:
        async def is_so() -> bool:
            devices = (await self.http.get("/api/devices")).json()["devices"]
            return any(d["deviceId"] == DEVICE and d["online"] is online for d in devices)

        await self.until(is_so, within)

    async def start_job(self, size: int, **more: object) -> str:
        body = {"deviceId": DEVICE, "imageSize": size, **more}
        answer = await self.http.post("/api/flash/start", json=body)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["jobId"])

    async def cancel_job(self, job_id: str) -> None:
        answer = await self.http.post(f"/api/flash/job/{job_id}/cancel")
        assert answer.status_code == 200, answer.text

    async def job(self, job_id: str) -> dict[str, Any]:
        answer = await self.http.get(f"/api/flash/job/{job_id}")
        return answer.json().get("job", {}) if answer.status_code == 200 else {}

    async def until_job(
        self, job_id: str, fits: Callable[[dict[str, Any]], object], within: float = 60.0
    ) -> dict[str, Any]:
        """Wait until REST tells of a job what it should."""
        told: dict[str, Any] = {}

        async def is_so() -> bool:
            nonlocal told
            told = await self.job(job_id)
            return bool(told and fits(told))

        await self.until(is_so, within)
        return told

    async def until(self, is_so: Callable[[], Any], within: float = 60.0) -> None:
        async with asyncio.timeout(within):
            while True:
                try:
                    if await is_so():
                        return
                except httpx.TransportError:
                    pass  # the bridge is on its way back
                await asyncio.sleep(0.1)

    async def stop(self) -> None:
        for role in (self.hub, self.bridge, self.emulator):
            if role is not None:
                await role.stop()
        await self.http.aclose()

    def _role(self, *arguments: str) -> Role:
        if arguments[0] == "emulate":
            arguments = (*arguments, "--discard", "--out", str(self._folder))
        return Role(self._folder / f"{arguments[0]}.log", *arguments)


@asynccontextmanager
async def yard(
    folder: Path,
    broker: BrokerProcess,
    speed: str = "8M",
    *,
    lost_after: float = 600.0,
    database: str = "",
) -> AsyncIterator[Yard]:
    """A system that serves, on a broker that runs.

    ``lost_after``: seconds after which the bridge gives up a silent hub, and who watches hears the
    end of its jobs; a hub that is to be waited for may take long to start on a busy machine.
    ``database``: its URL, if it is not the bridge's own file.
    """
    async with AsyncExitStack() as stack:
        made = Yard(folder, broker, free_port(), speed, lost_after=lost_after, database=database)
        stack.push_async_callback(made.stop)
        await made.start()
        yield made
