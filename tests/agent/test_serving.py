"""A hub as its process runs it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

import pytest

from flashyard.agent import serve
from flashyard.agent.identity import kept_hub_id
from flashyard.contract.faults import Code
from flashyard.settings import HubSettings
from support.bridge_peer import BridgePeer
from support.brokers import BrokerProcess
from support.faults import refused
from support.guarded import Guarded, Ours, guarded
from support.waiting import until

__all__ = ["guarded"]


async def test_a_cancelled_hub_leaves_in_order_under_the_name_it_keeps(
    mosquitto_broker: BrokerProcess, tmp_path: Path
) -> None:
    settings = HubSettings(broker=mosquitto_broker.url, data_dir=tmp_path)
    hub_id = kept_hub_id(settings.directory)
    lines: list[str] = []
    async with BridgePeer(mosquitto_broker.url, hub_id) as peer:
        serving = asyncio.create_task(serve(settings, lines.append))
        await until(lambda: lines)
        assert lines == [f"{mosquitto_broker.url} {hub_id}"]
        await peer.online()
        serving.cancel()
        with suppress(asyncio.CancelledError):
            await serving
        assert serving.cancelled()
        await until(lambda: peer.hub is not None and not peer.hub.online)


async def test_a_hub_waits_for_its_broker(tmp_path: Path, mosquitto_broker: BrokerProcess) -> None:
    await mosquitto_broker.stop()
    settings = HubSettings(broker=mosquitto_broker.url, data_dir=tmp_path, hub_id="bench-a")
    lines: list[str] = []
    serving = asyncio.create_task(serve(settings, lines.append))
    await asyncio.sleep(0)
    await mosquitto_broker.start()
    await until(lambda: lines)
    serving.cancel()
    with suppress(asyncio.CancelledError):
        await serving


@pytest.mark.parametrize("is_hubs", [True, False])
async def test_a_hub_with_a_credential_of_another_role_says_that_nobody_hears_it_before_ready(
    *, guarded: Guarded, tmp_path: Path, caplog: pytest.LogCaptureFixture, is_hubs: bool
) -> None:
    # Ours lets no viewer subscribe as a hub, and Mosquitto lets a bridge publish presences.
    other = "office" if isinstance(guarded, Ours) else "wall"
    user = "bench-a" if is_hubs else other
    url = f"mqtt://{user}:{guarded.secrets[user]}@127.0.0.1:{guarded.port}"
    told: list[str] = []
    serving = asyncio.create_task(
        serve(HubSettings(broker=url, data_dir=tmp_path), lambda _: told.append(caplog.text))
    )
    await until(lambda: told)
    serving.cancel()
    with suppress(asyncio.CancelledError):
        await serving
    assert ("passes on nothing that this hub says" in told[0]) != is_hubs


async def test_a_hub_without_a_broker_can_be_stopped(tmp_path: Path) -> None:
    settings = HubSettings(broker="mqtt://127.0.0.1:9", data_dir=tmp_path, hub_id="bench-a")
    serving = asyncio.create_task(serve(settings, print))
    await asyncio.sleep(0)
    serving.cancel()
    with suppress(asyncio.CancelledError):
        await serving
    assert serving.cancelled()


async def test_a_broker_address_that_is_none_is_refused(tmp_path: Path) -> None:
    settings = HubSettings(broker="mqtt://", data_dir=tmp_path, hub_id="bench-a")
    with refused(Code.INVALID_REQUEST):
        await serve(settings, print)
