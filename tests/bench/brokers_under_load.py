"""Stock amqtt, the embedded broker and Mosquitto on a core of their own, and the load on another.

All three check access: ours and Mosquitto by the same credentials and table, stock amqtt by the
least plugin there is. The load is `mqtt_load.c`; nothing here judges what comes out.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import time
from array import array
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import psutil

from flashyard_broker.access import Role
from flashyard_broker.identities.credential_file import Credential
from flashyard_broker.identities.mosquitto import access_list, password_file
from flashyard_broker.identities.secret import hash_argon2, hash_mosquitto
from support.broker_process import BrokerProcess, free_port
from support.embedded import embedded_process
from support.mosquitto import Mosquitto
from support.stock_amqtt import stock_amqtt

STOCK, OURS, MOSQUITTO = BROKERS = ("stock amqtt", "ours", "Mosquitto")
SOURCES = [Path(__file__).with_name(name) for name in ("mqtt_load.c", "mqtt_client.c")]
SECRET = "the same for all: the load is one program"
_PUBLISHERS = range(50)
_WAITING = range(1000, 2001)  # hubs that wait for orders, and do not publish
_STALLED = 3000  # the number of one that stays stalled beside other loads
_WITHIN = 120.0  # seconds for everybody to connect; stock amqtt takes its time
_LOOK = 0.05  # seconds between two looks at the memory
_STOCK_PLUGINS = {
    "amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True},
    "bench.permit.Permit": {},
}
# As shipped, but that it asks who is there, and may run as root, whose files it reads.
_MOSQUITTO = """
listener {port} 127.0.0.1
allow_anonymous false
password_file {folder}/passwd
acl_file {folder}/acl
persistence false
set_tcp_nodelay true
max_packet_size 66560
max_queued_messages 20000
max_queued_bytes 67108864
max_inflight_messages 20000
"""


class Run(NamedTuple):
    """What one load showed: CPU-s of the broker, delays in ms, bytes its memory grew meanwhile.

    ``spared``: samples that a stalled reader was not sent; events it always is. ``delays``: of each
    message to each reader, in µs, least first.
    """

    messages: int
    seconds: float
    cpu: float
    p50: float
    p99: float
    growth: int
    spared: int
    delays: array[int]

    @property
    def rate(self) -> float:
        """Messages a second."""
        return self.messages / self.seconds

    @property
    def work(self) -> float:
        """CPU-seconds of the broker per 100,000 messages."""
        return self.cpu / self.messages * 1e5


class UnderLoad(NamedTuple):
    """A broker that serves, and the program that loads it."""

    port: int
    process: psutil.Process
    load: Path

    def memory(self) -> int:
        """How many bytes it holds now."""
        resident: int = self.process.memory_info().rss
        return resident

    def cpu(self) -> float:
        """How many CPU-seconds it has used, to the nanosecond.

        The clock's id is made of the process's as in Linux's ABI, see clock_getcpuclockid(3).
        """
        return time.clock_gettime(~self.process.pid << 3 | 2)

    async def run(self, **settings: int) -> Run:
        """Load it. Fails unless every reader got everything, and stalled ones every event."""
        delays = self.load.with_name("delays")
        async with self._clients(delays=delays, **settings) as clients:
            assert clients.stdin is not None
            assert clients.stdout is not None
            memory, cpu = self.memory(), self.cpu()
            clients.stdin.write(b"go\n")
            told = asyncio.create_task(clients.stdout.readline(), name="what the load tells")
            most = memory
            while settings.get("stalled") and not told.done():
                most = max(most, self.memory())
                await asyncio.wait({told}, timeout=_LOOK)
            line = await told
            used = self.cpu() - cpu
        result = json.loads(line)
        assert result["complete"], f"not everything arrived, the run is void: {result}"
        assert result["stalled_events"] == result["events"], f"events were lost: {result}"
        return Run(
            settings["count"],
            result["seconds"],
            used,
            result["p50"],
            result["p99"],
            most - memory,
            result["samples"] - result["stalled_samples"],
            array("I", delays.read_bytes()),
        )

    @asynccontextmanager
    async def waiting(self, hubs: int, first: int = _WAITING.start) -> AsyncIterator[None]:
        """Keep so many hubs connected, that wait for orders."""
        async with self._clients(idle=hubs, first=first):
            yield

    @asynccontextmanager
    async def stalled_reader(self) -> AsyncIterator[None]:
        """Keep a reader connected that subscribes to everything and then reads nothing."""
        async with self._clients(stalled=1, first=_STALLED):
            yield

    @asynccontextmanager
    async def _clients(self, **settings: int | Path) -> AsyncIterator[Process]:
        words = [f"{name}={value}" for name, value in {"port": self.port, **settings}.items()]
        clients = await asyncio.create_subprocess_exec(
            self.load,
            f"password={SECRET}",
            *words,
            stdin=PIPE,
            stdout=PIPE,
            stderr=STDOUT,
        )
        try:
            assert clients.stdout is not None
            async with asyncio.timeout(_WITHIN):
                said = await clients.stdout.readline()
            assert said == b"ready\n", said
            yield clients
        finally:
            # Not Process.kill: it may take the exit status away from asyncio's watcher.
            with suppress(ProcessLookupError):
                os.kill(clients.pid, signal.SIGKILL)
            await clients.wait()


def build(folder: Path) -> Path:
    """Build the load; return its program."""
    load = folder / "mqtt_load"
    subprocess.run(["gcc", "-O2", "-o", load, *SOURCES], check=True)
    return load


@asynccontextmanager
async def under_load(name: str, folder: Path, load: Path) -> AsyncIterator[UnderLoad]:
    """Start one of `BROKERS` afresh, on the first core; this process moves to the last."""
    broker = _broker(name, folder)
    cores = sorted(os.sched_getaffinity(0))
    await broker.start()
    try:
        os.sched_setaffinity(broker.pid, cores[:1])
        os.sched_setaffinity(0, cores[-1:])
        yield UnderLoad(broker.port, psutil.Process(broker.pid), load)
    finally:
        os.sched_setaffinity(0, cores)
        await broker.kill()


def _broker(name: str, folder: Path) -> BrokerProcess:
    if name == STOCK:
        return stock_amqtt(folder, _STOCK_PLUGINS, {})
    everybody = _everybody()
    if name == OURS:
        credentials = folder / "credentials.json"
        identities = {each: one.model_dump(mode="json") for each, one in everybody.items()}
        credentials.write_text(json.dumps({"version": 1, "identities": identities}))
        return embedded_process(folder, credentials)
    (folder / "acl").write_text(access_list(everybody))
    (folder / "passwd").write_text(password_file(everybody))
    port = free_port()
    return Mosquitto(folder, port, _MOSQUITTO.format(port=port, folder=folder))


def _everybody() -> dict[str, Credential]:
    """Everybody who connects, by name: hashing one secret once is enough."""
    argon2, mosquitto = hash_argon2(SECRET), hash_mosquitto(SECRET)
    hub, viewer = (
        Credential(role=role, argon2=argon2, mosquitto=mosquitto, since=0)
        for role in (Role.HUB, Role.VIEWER)
    )
    hubs = {f"bench-{number}": hub for number in (*_PUBLISHERS, *_WAITING)}
    return {**hubs, "watcher": viewer}
