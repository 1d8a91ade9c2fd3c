"""What the agent's tests share: a broker of their own each, and a place for devices."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from flashyard.flash.emulator import Profile
from support.bridge_peer import BridgePeer
from support.brokers import BrokerProcess, mosquitto
from support.emulated import Emulated, emulated
from support.hub_at_work import Plug


@pytest.fixture
async def mosquitto_broker(tmp_path: Path) -> AsyncIterator[BrokerProcess]:
    chosen = mosquitto(tmp_path)
    await chosen.start()
    yield chosen
    await chosen.stop()


@pytest.fixture
async def peer(mosquitto_broker: BrokerProcess) -> AsyncIterator[BridgePeer]:
    """A bridge's end on Mosquitto."""
    async with BridgePeer(mosquitto_broker.url) as bridge:
        yield bridge


@pytest.fixture
def plug(tmp_path: Path) -> Iterator[Plug]:
    """Switch on a device: ``plug("ID", "tcp", "flash=fail", link_speed=…)``."""
    with ExitStack() as devices:

        def switch_on(
            serial: str = "DEVICE_1", transport: Any = "tcp", *faults: str, **traits: Any
        ) -> Emulated:
            profile = replace(Profile(serial=serial, boot_s=0.2), **traits)
            return devices.enter_context(
                emulated(tmp_path / "devices", transport, profile, *faults)
            )

        yield switch_on
