"""To whom what is retained goes, and how."""

from __future__ import annotations

from support.defects import Serve, defect, mended
from support.raw_mqtt import SUBACK, publish, subscribe


@defect("D2", "whoever connects is sent what is retained under the filters of everybody")
async def test_who_subscribed_to_nothing_is_sent_nothing(serve: Serve) -> None:
    async with serve() as broker, broker.client("bridge") as bridge:
        await bridge.send(subscribe("yard/#"), publish("yard/secret", b"s", retain=True))
        await bridge.expect(SUBACK)
        assert (await bridge.message()).payload == b"s"
        async with broker.client("stranger") as stranger:
            with mended():
                assert [await stranger.silent() for _ in range(3)] == [[], [], []]


@defect("D2", "whoever connects is sent what is retained under the filters of everybody")
async def test_who_comes_back_to_a_session_is_not_sent_what_is_retained_again(
    serve: Serve,
) -> None:
    async with serve() as broker:
        async with broker.client("bridge", clean=False) as bridge:
            await bridge.send(subscribe("yard/#"), publish("yard/record", b"r", retain=True))
            await bridge.expect(SUBACK)
            assert (await bridge.message()).payload == b"r"
        async with broker.client("bridge", clean=False) as bridge:
            with mended():
                assert [await bridge.silent() for _ in range(3)] == [[], [], []]


@defect("D6", "what was retained at QoS 0 is delivered at the subscription's QoS")
async def test_what_was_retained_at_qos_0_comes_at_qos_0(serve: Serve) -> None:
    async with serve() as broker, broker.client("hub") as hub, broker.client("bridge") as bridge:
        await hub.send(publish("yard/record", b"r", retain=True))
        await hub.silent()
        await bridge.send(subscribe("yard/record", qos=1))
        await bridge.expect(SUBACK)
        message = await bridge.message()
        assert (message.payload, message.retain) == (b"r", True)
        with mended():
            assert message.qos == 0
