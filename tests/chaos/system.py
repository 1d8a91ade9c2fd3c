"""A hub with several devices, bridges, a broker and a database, to be killed and started again.

The bridges share the database, and the images. Of SQLite's only they are the processes.
"""

from __future__ import annotations

import asyncio
import json
import signal
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from chaos.cargo import PART_SIZE
from support.broker_process import BrokerProcess, free_port, python
from support.postgres import Postgres
from support.waiting import until_told
from support.yard import Browser, Role

HUB = "bench-a"
_BRIDGES = 2
_WITHIN = 60.0  # seconds for anything to start, on a busy machine
_RECOVERY = 90.0  # seconds until a system must be whole again
_BLUR = 2000  # ms by which nobody hears of an outage, or of its end, at the same moment


class Victim(StrEnum):
    """Who is killed."""

    HUB = "hub"
    BRIDGE = "one bridge"
    BRIDGES = "all bridges"
    BROKER = "broker"
    DATABASE = "database"
    ALL = "all of it"

    @property
    def breaks_flights(self) -> bool:
        """Does a job that writes have to go on anew?"""
        return self in {Victim.HUB, Victim.ALL}


class Keep(NamedTuple):
    """Where the bridges keep things; ``server`` None: it needs none."""

    url: str
    server: Postgres | None = None


class System:
    """All of it.

    Args:
        folder: where all of it keeps what it keeps, but for the database.
        broker: its broker.
        keep: its database, which is somebody else's to start and stop.
        devices: partitions with their bytes, by serial.
        speed: bytes/s of each device.
        lost_after: seconds until the bridges give up the jobs of a hub.

    Attributes:
        https: to ask a bridge, one for each.
        folder: where the devices keep what they are flashed with.
        kills: how often it was killed.
        is_whole: has it got over the last of them?
        outages: since when, and until when, it was not whole, in Unix ms.
    """

    def __init__(
        self,
        folder: Path,
        broker: BrokerProcess,
        devices: Mapping[str, Mapping[str, int]],
        speed: int,
        keep: Keep,
        *,
        lost_after: float,
    ) -> None:
        ports = [free_port() for _ in range(_BRIDGES)]
        self.folder = folder
        self.broker = broker
        self.keep = keep
        self.kills = 0
        self.is_whole = False
        self.outages: list[tuple[int, int]] = []
        self.base = f"http://127.0.0.1:{ports[0]}"
        self.https = [
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=15) for port in ports
        ]
        self._struck_at = _now()
        self._seen: dict[str, Any] = {}  # of whoever was asked last whether it is whole
        self._devices = devices
        self._speed = speed
        self._emulator: Process | None = None
        self._bridges = [
            Role(
                folder / f"bridge-{number}.log",
                *("--debug", "bridge", "--broker", broker.url, "--listen", f"127.0.0.1:{port}"),
                *("--data-dir", str(folder / f"bridge-{number}"), "--database", keep.url),
                *("--image-store", str(folder / "images"), "--lost-after", f"{lost_after:g}"),
            )
            for number, port in enumerate(ports)
        ]
        self._hub: Role | None = None

    @property
    def http(self) -> httpx.AsyncClient:
        """To ask the first bridge."""
        return self.https[0]

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
        await asyncio.gather(*(role.start() for role in (*self._bridges, self._hub)))
        await self.whole()

    async def kill(self, victim: Victim) -> None:
        """SIGKILL them, all at the same moment."""
        self.is_whole = False
        self._struck_at = _now()
        await asyncio.gather(*(one.kill() for one in self._parts(victim)))
        self.kills += 1

    async def revive(self, victim: Victim) -> None:
        """Start them again; which one serves first is left to chance."""
        parts = self._parts(victim)
        # No bridge begins without its database.
        await asyncio.gather(*(one.start() for one in parts if isinstance(one, Postgres)))
        await asyncio.gather(*(one.start() for one in parts if not isinstance(one, Postgres)))

    async def stumble(self, victim: Victim, after: float) -> None:
        """Start them, and kill them so many seconds later, whether or not they serve by then."""
        parts = self._parts(victim)
        starts = [asyncio.create_task(one.start(), name="to be killed") for one in parts]
        await asyncio.sleep(after)
        await asyncio.gather(*(one.kill() for one in parts))
        await asyncio.gather(*starts, return_exceptions=True)
        await asyncio.gather(*(one.kill() for one in parts))  # who was no process yet
        self.kills += 1

    def _parts(self, victim: Victim) -> Sequence[Role | BrokerProcess | Postgres]:
        servers = [self.keep.server] if self.keep.server else []
        parts: dict[Victim, Sequence[Role | BrokerProcess | Postgres]] = {
            Victim.HUB: [self._the_hub],
            Victim.BRIDGE: self._bridges[:1],
            Victim.BRIDGES: self._bridges,
            Victim.BROKER: [self.broker],
            Victim.DATABASE: servers,
            Victim.ALL: [self._the_hub, *self._bridges, self.broker, *servers],
        }
        return parts[victim]

    async def whole(self) -> None:
        """Wait until health is good and every device is there, for every bridge."""
        for http in self.https:
            try:
                await until_told(partial(self._is_whole, http), _RECOVERY)
            except TimeoutError as late:
                late.add_note(f"{http.base_url}: {self._seen}")
                raise
        self.is_whole = True
        self.outages.append((self._struck_at, _now()))

    def was_away(self, at: int) -> bool:
        """Was something of it killed, and not back, at a time in Unix ms?"""
        return any(since - _BLUR <= at <= until + _BLUR for since, until in self.outages)

    async def _is_whole(self, http: httpx.AsyncClient) -> bool:
        try:
            health = (await http.get("/health")).json()
            devices = (await http.get("/api/devices")).json().get("devices", [])
        except httpx.TransportError as error:
            self._seen = {"error": repr(error)}
            return False
        online = {device["deviceId"] for device in devices if device["online"]}
        self._seen = {**health, "online": sorted(online)}
        return health["status"] == "ok" and online == set(self._devices)

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
        for role in (self._hub, *self._bridges):
            if role is not None:
                await role.stop()
        for http in self.https:
            await http.aclose()
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
    folder: Path,
    broker: BrokerProcess,
    devices: Mapping[str, Mapping[str, int]],
    speed: int,
    keep: Keep,
    *,
    lost_after: float = 600.0,
) -> AsyncIterator[System]:
    """A system that serves, its broker with it."""
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(broker)
        made = System(folder, broker, devices, speed, keep, lost_after=lost_after)
        stack.push_async_callback(made.stop)
        await made.start()
        yield made


def _now() -> int:
    return time.time_ns() // 1_000_000
