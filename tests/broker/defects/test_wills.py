"""What is told of a client that went without a word."""

from __future__ import annotations

from support.defects import Serve, defect, mended
from support.raw_mqtt import DISCONNECT, SUBACK, Will, packet, publish, subscribe

LAST_WILL = Will("yard/presence", b"offline", qos=1, retain=True)
NOT_RETAINED = Will("yard/presence", b"offline", qos=1)


@defect("D14", "a session that is resumed keeps the retain flag of the will it had before")
async def test_the_will_i_came_back_with_is_retained_as_it_says(serve: Serve) -> None:
    async with serve() as broker, broker.client("bridge") as bridge:
        await bridge.send(subscribe("yard/presence", qos=1))
        await bridge.expect(SUBACK)
        async with broker.client("hub", clean=False, will=NOT_RETAINED) as hub:
            await hub.send(packet(DISCONNECT))
            assert await hub.closed() == []
        async with broker.client("hub", clean=False, will=LAST_WILL) as hub:
            hub.vanish()
            assert (await bridge.message()).payload == b"offline"
        async with broker.client("viewer") as viewer:
            await viewer.send(subscribe("yard/presence"))
            await viewer.expect(SUBACK)
            with mended():
                message = await viewer.message(within=broker.patience)
                assert (message.payload, message.retain) == (b"offline", True)


@defect("D16", "a reset loses what came before it, and the will is told first")
async def test_what_i_said_before_my_connection_was_reset_is_told_before_my_will(
    serve: Serve,
) -> None:
    said = [b"%d" % number for number in range(3000)]
    async with serve() as broker, broker.client("bridge") as bridge:
        await bridge.send(subscribe("yard/+"))
        await bridge.expect(SUBACK)
        async with broker.client("hub", keep_alive=60, will=NOT_RETAINED) as hub:
            await hub.send(*(publish("yard/event", payload) for payload in said))
            await hub.reset()
            heard = [(await bridge.message()).payload]
            while heard[-1] != b"offline":
                heard.append((await bridge.message()).payload)
            heard += [packet.body for packet in await bridge.silent()]
        with mended():
            assert heard == [*said, b"offline"]
