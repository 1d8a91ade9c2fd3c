"""Clients that ask for more memory than a client needs."""

from __future__ import annotations

from contextlib import suppress

from flashyard_broker.limits import Limits
from support.defects import Serve, defect, mended
from support.raw_mqtt import PUBREC, SUBACK, publish, subscribe

MIB = 1024 * 1024


@defect("D11", "a packet may be as large as MQTT lets it, 256 MB, and is passed on")
async def test_who_sends_a_packet_of_20_megabytes_is_hung_up_on(serve: Serve) -> None:
    async with serve() as broker, broker.client("hub") as hub, broker.client("bridge") as bridge:
        await bridge.send(subscribe("yard/#"))
        await bridge.expect(SUBACK)
        with suppress(ConnectionError):  # it may be hung up on before all of it went out
            await hub.send(publish("yard/log", bytes(20 * MIB)), publish("yard/log", b"more"))
        with mended():
            assert await hub.closed(within=broker.patience) == []
            assert [len(each.body) for each in await bridge.silent()] == []


@defect("D11", "any number of QoS 2 messages may be begun")
async def test_who_begins_ever_more_messages_and_releases_none_is_hung_up_on(
    serve: Serve,
) -> None:
    most = 5
    async with (
        serve(limits=Limits(receive_maximum=most)) as broker,
        broker.client("hub") as hub,
        broker.client("good") as good,
    ):
        for packet_id in range(1, most + 1):
            await hub.send(publish("yard/event", b"e", qos=2, packet_id=packet_id))
            await hub.expect(PUBREC, packet_id.to_bytes(2))
        with suppress(ConnectionError):
            for packet_id in range(most + 1, 1000):
                await hub.send(publish("yard/event", b"e", qos=2, packet_id=packet_id))
        with mended():
            assert await hub.closed(within=broker.patience) == []
        assert await good.silent() == []
