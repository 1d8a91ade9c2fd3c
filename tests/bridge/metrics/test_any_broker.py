"""Asking a broker for its numbers costs nothing with one that has none."""

from __future__ import annotations

from pathlib import Path

from support.brokers import Broker
from support.scripted_hub import ScriptedHub
from support.served import served_bridge


async def test_a_bridge_that_asks_any_broker_for_its_numbers_hears_its_hubs(
    broker: Broker, tmp_path: Path
) -> None:
    async with (
        ScriptedHub(broker.url) as hub,
        served_bridge(broker.url, tmp_path, broker_sys=True) as bridge,
    ):
        await bridge.state.pictured()
        assert [known.hub_id for known in bridge.state.fleet.hubs()] == [hub.hub_id]
        assert bridge.intake.refused.total() == 0
