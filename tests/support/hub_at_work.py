"""A real hub in the test's own loop, its devices emulated, its clock and its patience given."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from flashyard.agent import Hub, Timing
from flashyard.agent.clock import Clock
from flashyard.endpoint import Endpoint
from flashyard.flash.fastboot.limits import Limits
from flashyard.flash.fastboot.transport import Address
from flashyard.flash.usb.host import UsbHost
from flashyard.settings import HubSettings, NetworkDevice
from support.emulated import Emulated
from support.waiting import until

HUB = "bench-a"
Plug = Callable[..., Emulated]  # the fixture `plug`
_SHORT = Limits(connect=1.0, handshake=1.0, getvar=1.0)
# What most tests are about is how a job ends, and not that it goes on.
_AT_ONCE: dict[str, Any] = {"retries": 0, "quarantine_after": 0}
# Everything that only makes one wait is short; deadlines that must not be missed are long.
QUICK: dict[str, Any] = {
    "probe_every": 0.1,
    "probe_when_wanted": 0.05,
    "look_at_queue": 0.05,
    "look_at_run": 0.02,
    "settle": 0.2,
    "probing": _SHORT,
}


class HubAtWork:
    """A hub that runs; ``ready`` is what it printed once it served."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.ready: str | None = None
        self.task = asyncio.create_task(hub.run(self._note), name="hub under test")

    def _note(self, line: str) -> None:
        self.ready = line

    async def serving(self) -> None:
        await until(lambda: self.ready is not None or self.task.done())
        assert not self.task.done(), self.task.result()

    async def stop(self) -> None:
        """Have it leave in order."""
        self.hub.stop()
        await self.task

    async def die(self) -> None:
        """Let it vanish as a killed process does: not a word, and the broker says its will."""
        self.task.cancel()
        with suppress(asyncio.CancelledError):
            await self.task


def settings(url: str, directory: Path, addresses: dict[str, Address], **more: Any) -> HubSettings:
    def listed(transport: str) -> tuple[NetworkDevice, ...]:
        return tuple(
            NetworkDevice(device_id, Endpoint(address.host, address.port))
            for device_id, address in addresses.items()
            if address.transport == transport
        )

    return HubSettings(
        broker=url,
        hub_id=HUB,
        data_dir=directory,
        fastboot_tcp=listed("tcp"),
        fastboot_udp=listed("udp"),
        **{"progress_interval": 50, "usb": False, **_AT_ONCE, **more},
    )


def new_hub(
    url: str,
    directory: Path,
    addresses: dict[str, Address],
    *,
    clock: Clock | None = None,
    timing: dict[str, Any] | None = None,
    host: UsbHost | None = None,
    **more: Any,
) -> Hub:
    told = settings(url, directory, addresses, **{"usb": host is not None, **more})
    return Hub(told, HUB, clock=clock, timing=Timing(**{**QUICK, **(timing or {})}), usb=host)


@asynccontextmanager
async def hub_at_work(
    url: str, directory: Path, addresses: dict[str, Address], **more: Any
) -> AsyncIterator[HubAtWork]:
    """Run a hub until the block is over; the arguments are those of :func:`new_hub`."""
    work = HubAtWork(new_hub(url, directory, addresses, **more))
    try:
        await work.serving()
        yield work
    finally:
        if not work.task.done():
            await work.stop()
