"""Shared subscriptions, which MQTT 3.1.1 does not have."""

from __future__ import annotations

import pytest

from support.defects import Serve, defect, mended
from support.raw_mqtt import SUBACK, subscribe


@pytest.mark.parametrize("shared", ["$share/bridges/yard/event", "$share/bridges/#"])
@defect("D10", "$share is granted, and then nothing ever comes")
async def test_a_shared_subscription_is_refused_rather_than_granted_and_forgotten(
    serve: Serve, shared: str
) -> None:
    async with serve() as broker, broker.client("bridge") as bridge:
        await bridge.send(subscribe(shared, qos=1))
        answer = await bridge.expect(SUBACK)
        with mended():
            assert answer.body == b"\x00\x01\x80"
