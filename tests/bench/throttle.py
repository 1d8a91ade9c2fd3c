"""How exactly limits are kept: one job, eight that share a hub's, and both after a change.

A real hub and real emulators over TCP. What a device is sent is counted on its way, by a relay that
knows no limit. Every figure is of a window of 10 s; the first second after a change is left out.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import NamedTuple, Self

import httpx

from support.bridge_peer import BridgePeer
from support.brokers import mosquitto
from support.processes import serving

MB = 1_000_000
WINDOW = 10.0  # seconds
SETTLE = 1.0  # seconds until what was on its way has arrived
CROWD = 8
RATES = (2 * MB, 5 * MB)  # bytes/s of the one job, before and after the change
SHARED = (16 * MB, 8 * MB)  # of the hub with eight
PLENTY = 1 << 33
EXACT, FAIR = 0.05, 0.10
_PIECE = 64 << 10


class Relay:
    """Stands between hub and device, and counts what the device is sent."""

    def __init__(self, port: int) -> None:
        self.count = 0
        self.port = 0
        self._device = port
        self._server: asyncio.Server | None = None
        self._talks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=_PIECE)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        assert self._server is not None
        self._server.close()
        for talk in self._talks:
            talk.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)

    async def _serve(self, hub: asyncio.StreamReader, answers: asyncio.StreamWriter) -> None:
        talk = asyncio.current_task()
        assert talk is not None
        self._talks.add(talk)
        device, orders = await asyncio.open_connection("127.0.0.1", self._device, limit=_PIECE)
        back = asyncio.create_task(_pass_on(device, answers), name="answers of a device")
        try:
            while data := await hub.read(_PIECE):
                self.count += len(data)
                orders.write(data)
                await orders.drain()
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            orders.close()
            back.cancel()
            answers.close()
            self._talks.discard(talk)


async def _pass_on(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await source.read(_PIECE):
            sink.write(data)
            await sink.drain()
        sink.close()


class Bench(NamedTuple):
    """A hub at work, and what stands between it and its devices."""

    peer: BridgePeer
    relays: Sequence[Relay]

    async def hold(self, rate: int, job_id: str | None = None) -> None:
        """Hold a job, or the hub, to so many bytes a second; 0: to none."""
        answer = await self.peer.limit(job_id=job_id, bandwidth_limit=rate)
        assert answer.accepted, answer

    async def begin(self, devices: int, rate: int | None = None) -> list[str]:
        """Start a job on each of so many, and wait until all send."""
        jobs = []
        for number in range(devices):
            more = {"total_bytes": PLENTY, "bandwidth_limit": rate}
            receipt = await self.peer.start(_name(number), **more)
            assert receipt.accepted, receipt
            jobs.append(receipt.job_id)
        for job in jobs:
            await self.peer.phase(job, "Flashing")
        await asyncio.sleep(SETTLE)
        return jobs

    async def end(self, jobs: Sequence[str]) -> None:
        for job in jobs:
            await self.peer.cancel(job)
        for job in jobs:
            await self.peer.ended(job)

    async def window(self, devices: int) -> list[float]:
        """Bytes a second that each of so many is sent over the next window."""
        before, began = [relay.count for relay in self.relays[:devices]], time.monotonic()
        await asyncio.sleep(WINDOW)
        took = time.monotonic() - began
        relays = self.relays[:devices]
        return [(r.count - so_far) / took for r, so_far in zip(relays, before, strict=True)]


async def measure(windows: int) -> None:
    """Measure, and print the table: of each figure the one that is furthest off."""
    print(f"{windows} windows of {WINDOW:.0f} s each; what devices were sent, counted on its way")
    async with _bench() as bench:
        (job,) = await bench.begin(1, RATES[0])
        await _follow(bench, 1, RATES, windows, job)
        await bench.end([job])
        await bench.hold(SHARED[0])
        jobs = await bench.begin(CROWD)
        await _follow(bench, CROWD, SHARED, windows)
        await bench.end(jobs)


async def _follow(
    bench: Bench, devices: int, rates: Sequence[int], windows: int, job_id: str | None = None
) -> None:
    """Measure at the rate that holds already, and at each that is then changed to."""
    for change, rate in enumerate(rates):
        if change:
            await bench.hold(rate, job_id)
            await asyncio.sleep(SETTLE)
        seen = [await bench.window(devices) for _ in range(windows)]
        how = ", changed while running" if change else ""
        _print(f"{_jobs(devices)} at {rate / MB:g} MB/s{how}", map(sum, seen), rate, EXACT)
        if devices > 1:
            each = (got for window in seen for got in window)
            _print("  the share furthest off", each, rate / devices, FAIR)


def _jobs(devices: int) -> str:
    return "one job" if devices == 1 else f"{devices} jobs"


def _print(what: str, seen: Iterable[float], wanted: float, within: float) -> None:
    got = max(seen, key=lambda one: abs(one - wanted))
    off = got / wanted - 1
    met = "met   " if abs(off) <= within else "MISSED"
    print(f"  {met} {what:42} {got / MB:7.3f} MB/s {off:+7.2%} of ±{within:.0%}", flush=True)


@asynccontextmanager
async def _bench() -> AsyncIterator[Bench]:
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        broker = mosquitto(folder)
        await broker.start()
        stack.push_async_callback(broker.stop)
        flags = [word for n in range(CROWD) for word in ("--device", f"{_name(n)},tcp=127.0.0.1:0")]
        devices = await stack.enter_async_context(
            serving(
                *("emulate", "--discard", "--data-dir", folder),
                *("--partition", f"system={PLENTY}", *flags),
            )
        )
        relays = [
            await stack.enter_async_context(Relay(httpx.URL(url).port or 0))
            for url in devices.ready
        ]
        places = [f"--fastboot-tcp={_name(n)}=127.0.0.1:{r.port}" for n, r in enumerate(relays)]
        await stack.enter_async_context(
            serving(
                *("hub", "--hub-id", "bench-a", "--broker", broker.url, "--data-dir", folder),
                *("--no-usb", *places),
            )
        )
        peer = await stack.enter_async_context(BridgePeer(broker.url))
        await peer.online(*map(_name, range(CROWD)), within=30.0)
        yield Bench(peer, relays)


def _name(number: int) -> str:
    return f"BENCH_{number:02}"


def main(windows: int = 2) -> None:
    """Run it."""
    asyncio.run(measure(windows))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
