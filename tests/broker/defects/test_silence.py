"""Clients that say nothing."""

from __future__ import annotations

import asyncio

from flashyard_broker.limits import Limits
from support.defects import Serve, defect, mended
from support.raw_mqtt import SUBACK, Will, dialled, subscribe


@defect("D3", "keep-alive is not enforced")
async def test_who_is_silent_for_one_and_a_half_keep_alives_is_gone_and_its_will_is_told(
    serve: Serve,
) -> None:
    loop = asyncio.get_running_loop()
    async with serve() as broker, broker.client("bridge") as bridge:
        await bridge.send(subscribe("yard/presence", qos=1))
        await bridge.expect(SUBACK)
        before = loop.time()
        will = Will("yard/presence", b"offline", qos=1)
        async with broker.client("hub", keep_alive=1, will=will) as hub:
            with mended():
                assert (await bridge.message(within=broker.patience)).payload == b"offline"
                assert loop.time() - before >= 1.5
                assert await hub.closed() == []


@defect("D11", "a connection that never says who it is stays open for ever")
async def test_who_connects_and_never_says_who_it_is_is_hung_up_on(serve: Serve) -> None:
    async with (
        serve(limits=Limits(connect_timeout=0.2)) as broker,
        dialled(broker.port) as nobody,
        dialled(broker.port) as slow,
    ):
        await slow.send(b"\x10\x20\x00\x04MQ")
        with mended():
            assert await nobody.closed(within=broker.patience) == []
            assert await slow.closed(within=broker.patience) == []
