"""A hub whose plug is pulled, and how long its broker takes to notice.

`python -m support.plug DIRECTORY` does it with a cable: the hub is in a network namespace of its
own, and the cable is a pair of virtual interfaces. It needs leave to make namespaces.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from flashyard.contract.messages import HubChanged, decode_message
from flashyard.contract.topics import Kind, Topic
from flashyard.endpoint import Endpoint
from flashyard_broker.access import Role
from flashyard_broker.identities.credential_file import CredentialFile
from flashyard_broker.server import EmbeddedBroker
from support.raw_mqtt import PUBACK, SUBACK, RawMqtt, acknowledgement, client, subscribe

HUB = "bench-a"
HERE = "127.0.0.1"
_YARD, _BENCH = "10.77.0.1", "10.77.0.2"  # the cable's two ends
_WITHIN = 60.0  # seconds for a hub to come, and to be missed


class Noticed(NamedTuple):
    """By the broker's clock: seconds from a hub's last packet to its offline presence."""

    keep_alive: int
    seconds: float


async def notice(broker: EmbeddedBroker, pull: Callable[[], object]) -> Noticed:
    """Wait for the hub, pull the plug, and wait until everybody is told."""
    async with client(broker.addresses[0].port, "viewer") as viewer:
        await viewer.send(subscribe(str(Topic(Kind.PRESENCE, HUB)), qos=1))
        await viewer.expect(SUBACK)
        await _told(viewer, online=True)
        session, _ = broker._engine._sessions[HUB]
        connection, keep_alive = session.connection, session.keep_alive
        assert connection is not None
        pull()
        await _told(viewer, online=False)
        told = asyncio.get_running_loop().time()
    return Noticed(keep_alive, told - connection.heard)


async def _told(viewer: RawMqtt, *, online: bool) -> None:
    while True:
        message = await viewer.message(within=_WITHIN)
        if message.packet_id is not None:
            await viewer.send(acknowledgement(PUBACK, message.packet_id))
        said = decode_message(message.payload)
        assert isinstance(said, HubChanged), said
        if said.hub.online is online:
            return


async def _by_cable(directory: Path) -> Noticed:
    file = CredentialFile(directory / "credentials.json")
    secret = file.add(Role.HUB, HUB)
    _run("ip", "link", "set", "lo", "up")
    async with _bench() as bench:
        for words in (
            ("link", "add", "yard0", "type", "veth", "peer", "name", "bench0", "netns", str(bench)),
            ("addr", "add", f"{_YARD}/24", "dev", "yard0"),
            ("link", "set", "yard0", "up"),
        ):
            _run("ip", *words)
        there = ("nsenter", f"--net=/proc/{bench}/ns/net")
        _run(*there, "ip", "addr", "add", f"{_BENCH}/24", "dev", "bench0")
        _run(*there, "ip", "link", "set", "bench0", "up")
        listen = [Endpoint(HERE, 0), Endpoint(_YARD, 0)]
        async with EmbeddedBroker(listen, credentials=file.path) as broker:
            url = f"mqtt://{HUB}:{secret}@{broker.addresses[1]}"
            hub = await asyncio.create_subprocess_exec(
                *there, *hub_command(url, directory), stdout=subprocess.DEVNULL
            )
            try:
                return await notice(
                    broker, lambda: _run(*there, "ip", "link", "set", "bench0", "down")
                )
            finally:
                hub.kill()
                await hub.wait()


@asynccontextmanager
async def _bench() -> AsyncIterator[int]:
    """Make a network namespace; yield the id of a process in it."""
    process = await asyncio.create_subprocess_exec(
        *("unshare", "--net", "sh", "-c", "echo; exec sleep 600"), stdout=subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        await process.stdout.readline()
        yield process.pid
    finally:
        process.kill()
        await process.wait()


def hub_command(url: str, directory: Path) -> list[str]:
    """Return the words that start the hub."""
    options = ["--no-usb", "--hub-id", HUB, "--data-dir", str(directory)]
    return [sys.executable, "-m", "flashyard", "hub", "--broker", url, *options]


def _run(*words: str) -> None:
    subprocess.run(words, check=True, timeout=_WITHIN)


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_by_cable(Path(sys.argv[1])))))  # noqa: T201 - its answer
