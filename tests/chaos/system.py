"""A hub with several devices, a bridge and a broker, each of which can be killed and started."""

from __future__ import annotations

import asyncio
import json
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any

import httpx

from chaos.cargo import PART_SIZE
from support.broker_process import BrokerProcess, free_port, python
from support.waiting import until_told
from support.yard import Browser, Role

HUB = "bench-a"
_WITHIN = 60.0  # seconds for anything to start, on a busy machine
_RECOVERY = 90.0  # seconds until a system must be whole again


class Victim(StrEnum):
    """Who is killed."""

    HUB = "hub"
    BRIDGE = "bridge"
    BROKER = "broker"
    ALL = "all three"

    @property
    def breaks_flights(self) -> bool:
        """Does a job that writes have to go on anew?"""
        return self in {Victim.HUB, Victim.ALL}


class System:
    """All of it. ``devices``: partitions with their bytes, by serial; ``speed``: bytes/s of each.

    Attributes:
        folder: where the devices keep what they are flashed with.
        kills: how often it was killed.
        is_whole: has it got over the last of them?
    """

    def __init__(
        self,
        folder: Path,
        broker: BrokerProcess,
        devices: Mapping[str, Mapping[str, int]],
        speed: int,
    ) -> None:
        port = free_port()
        self.folder = folder
        self.broker = broker
        self.kills = 0
        self.is_whole = False
        self.base = f"http://127.0.0.1:{port}"
        self.http = httpx.AsyncClient(base_url=self.base, timeout=15)
        self._devices = devices
        self._speed = speed
        self._emulator: Process | None = None
        self._bridge = Role(
            folder / "bridge.log",
            *("--debug", "bridge", "--broker", broker.url, "--listen", f"127.0.0.1:{port}"),
            *("--data-dir", str(folder)),
        )
        self._hub: Role | None = None

    def browser(self) -> Browser:
        return Browser(self.base.replace("http", "ws") + "/flash-progress")

    async def start(self) -> None:
        places = await self._start_devices()
        self._hub = Role(
            self.folder / "hub.log",
            *("--debug", "hub", "--hub-id", HUB, "--broker", self.broker.url, "--no-usb"),
            *("--bridge-url", self.base, "--data-dir", str(self.folder)),
            *("--part-size", str(PART_SIZE)),
            *(word for place in places for word in ("--fastboot-tcp", place)),
        )
        await asyncio.gather(self._bridge.start(), self._hub.start())
        await self.whole()

    async def kill(self, victim: Victim) -> None:
        """SIGKILL them, all at the same moment."""
        self.is_whole = False
        await asyncio.gather(*(one.kill() for one in self._parts(victim)))
        self.kills += 1

    async def revive(self, victim: Victim) -> None:
        """Start them again; which one serves first is left to chance."""
        await asyncio.gather(*(one.start() for one in self._parts(victim)))

    async def stumble(self, victim: Victim, after: float) -> None:
        """Start them, and kill them so many seconds later, whether or not they serve by then."""
        parts = self._parts(victim)
        starts = [asyncio.create_task(one.start(), name="to be killed") for one in parts]
        await asyncio.sleep(after)
        await asyncio.gather(*(one.kill() for one in parts))
        await asyncio.gather(*starts, return_exceptions=True)
        self.kills += 1

    def _parts(self, victim: Victim) -> Sequence[Role | BrokerProcess]:
        parts: dict[Victim, Sequence[Role | BrokerProcess]] = {
            Victim.HUB: [self._the_hub],
            Victim.BRIDGE: [self._bridge],
            Victim.BROKER: [self.broker],
            Victim.ALL: [self._the_hub, self._bridge, self.broker],
        }
        return parts[victim]

    async def whole(self) -> None:
        """Wait until health is good and every device is there."""

        async def is_so() -> bool:
            try:
                health = (await self.http.get("/health")).json()
                devices = (await self.http.get("/api/devices")).json().get("devices", [])
            except httpx.TransportError:
                return False
            online = {device["deviceId"] for device in devices if device["online"]}
            return health["status"] == "ok" and online == set(self._devices)

        await until_told(is_so, _RECOVERY)
        self.is_whole = True

    async def jobs(self) -> dict[str, dict[str, Any]]:
        """Every job that REST tells of, at hand or in the history, by its id."""
        known: dict[str, dict[str, Any]] = {}
        for path, name in (("history?", "history"), ("jobs?status=all", "jobs")):
            cursor = ""
            while True:
                url = f"/api/flash/{path}&limit=100{cursor}"
                answer = (await self.http.get(url)).raise_for_status().json()
                known |= {job["jobId"]: job for job in answer[name]}
                if not (following := answer.get("nextCursor")):
                    break
                cursor = f"&cursor={following}"
        return known

    async def stop(self) -> None:
        """Stop all of it in order; the devices write the last of their ledger then."""
        for role in (self._hub, self._bridge):
            if role is not None:
                await role.stop()
        await self.http.aclose()
        emulator, self._emulator = self._emulator, None
        if emulator is not None:
            emulator.send_signal(signal.SIGTERM)
            async with asyncio.timeout(_WITHIN):
                await emulator.wait()

    @property
    def _the_hub(self) -> Role:
        assert self._hub is not None, "the system was not started"
        return self._hub

    async def _start_devices(self) -> list[str]:
        """Switch the devices on; return `ID=HOST:PORT` of each."""
        told = self.folder / "devices.json"
        told.write_text(json.dumps(self._devices))
        words = (str(self.folder), str(self._speed), str(told))
        command, environment = python("chaos.ledger", *words)
        with (self.folder / "devices.log").open("ab") as log:
            self._emulator = process = await asyncio.create_subprocess_exec(
                *command, stdin=DEVNULL, stdout=PIPE, stderr=log, env=environment
            )
        assert process.stdout is not None
        async with asyncio.timeout(_WITHIN):
            ready, *urls = (await process.stdout.readline()).decode().split()
        assert ready == "ready"
        places = [url.removeprefix("fastboot-tcp://").rpartition("/") for url in urls]
        return [f"{serial}={address}" for address, _, serial in places]


@asynccontextmanager
async def system(
    folder: Path, broker: BrokerProcess, devices: Mapping[str, Mapping[str, int]], speed: int
) -> AsyncIterator[System]:
    """A system that serves, its broker with it."""
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(broker)
        made = System(folder, broker, devices, speed)
        stack.push_async_callback(made.stop)
        await made.start()
        yield made
