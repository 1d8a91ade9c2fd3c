"""At which quality of service a message is delivered, and that it is."""

from __future__ import annotations

import asyncio

import pytest

from support.defects import Serve, defect, mended
from support.raw_mqtt import (
    PUBACK,
    SUBACK,
    acknowledgement,
    publish,
    subscribe,
)

DROPPED_AFTER = 5.0  # seconds that stock waits for a PUBACK


@pytest.mark.parametrize(("sent", "subscribed"), [(0, 1), (0, 2), (1, 2)])
@defect("D6", "a message is delivered at the subscription's QoS, though it was sent at a lower")
async def test_a_message_comes_at_no_higher_qos_than_it_was_sent_at(
    serve: Serve, sent: int, subscribed: int
) -> None:
    async with serve() as broker, broker.client("hub") as hub, broker.client("bridge") as bridge:
        await bridge.send(subscribe("yard/event", qos=subscribed))
        await bridge.expect(SUBACK, bytes([0, 1, subscribed]))
        await hub.send(publish("yard/event", b"e", qos=sent))
        message = await bridge.message()
        assert message.payload == b"e"
        with mended():
            assert message.qos == sent


@pytest.mark.parametrize(("first", "second"), [(0, 1), (1, 0)])
@defect("D7", "subscribing again leaves the QoS at what was granted first")
async def test_subscribing_again_changes_the_qos(serve: Serve, first: int, second: int) -> None:
    async with serve() as broker, broker.client("hub") as hub, broker.client("bridge") as bridge:
        for qos in (first, second):
            await bridge.send(subscribe("yard/event", qos=qos))
            await bridge.expect(SUBACK, bytes([0, 1, qos]))
        await hub.send(publish("yard/event", b"e", qos=1))
        message = await bridge.message()
        assert message.payload == b"e"
        with mended():
            assert message.qos == second


@pytest.mark.parametrize(
    "patience",
    [0.0, pytest.param(DROPPED_AFTER + 1, marks=pytest.mark.long)],
    ids=["at once", "after 6 s"],
)
@defect("D8", "a message that was not acknowledged in 5 s, or when its client left, is gone")
async def test_an_event_that_i_did_not_acknowledge_comes_again_when_i_do(
    serve: Serve, patience: float
) -> None:
    async with serve() as broker, broker.client("hub") as hub:
        async with broker.client("bridge", clean=False) as bridge:
            await bridge.send(subscribe("yard/event", qos=1))
            await bridge.expect(SUBACK)
            await hub.send(publish("yard/event", b"e", qos=1))
            before = await bridge.message()
            assert (before.payload, before.dup) == (b"e", False)
            await asyncio.sleep(patience)  # what happens meanwhile is what is being tested
            bridge.vanish()
        async with broker.client("bridge", clean=False) as bridge:
            with mended():
                assert await bridge.message(within=broker.patience) == before._replace(dup=True)
                await bridge.send(acknowledgement(PUBACK, before.packet_id or 0))
                assert await bridge.silent() == []
