"""What an access plugin must not do: lose messages, or grant more than was allowed."""

from __future__ import annotations

import pytest

from support.defects import BRIDGE, HUB, VIEWER, Serve, defect, mended
from support.raw_mqtt import SUBACK, publish, subscribe
from support.subscribing import subscribing

EVENT = f"flashyard/v1/{HUB}/device/one/event"
EVERYTHING = {name: ["#"] for name in (HUB, BRIDGE, VIEWER)}
DEVICES = "flashyard/v1/+/device/+"


@defect("D4", "with a topic plugin, a SUBSCRIBE loses the messages under way for later filters")
async def test_no_message_is_lost_while_others_subscribe(serve: Serve) -> None:
    payloads = [b"%d" % number for number in range(300)]
    async with (
        serve(access=EVERYTHING) as broker,
        broker.client(VIEWER) as viewer,
        broker.client(BRIDGE) as bridge,
        broker.client(HUB) as hub,
    ):
        await hub.send(subscribe(f"flashyard/v1/{HUB}/device/+/event"))
        await hub.expect(SUBACK)
        await bridge.send(subscribe("flashyard/v1/+/device/+/event"))
        await bridge.expect(SUBACK)
        async with subscribing(viewer, f"flashyard/v1/{HUB}/device/{{}}/event"):
            for payload in payloads:
                await hub.send(publish(EVENT, payload))
                assert (await hub.message()).payload == payload
        heard = []
        await hub.send(publish(EVENT, b"that was all"))
        while (message := await bridge.message()).payload != b"that was all":
            heard.append(message.payload)
        with mended():
            assert heard == payloads


@pytest.mark.parametrize("wider", ["flashyard/v1/+/device/#", "flashyard/v1/+/#"])
@defect("D5", "a `+` in what is allowed covers a `#` in what is asked for")
async def test_leave_to_see_one_level_is_not_leave_to_see_all_below_it(
    serve: Serve, wider: str
) -> None:
    allowed = {VIEWER: ["flashyard/v1/+/presence", DEVICES, "flashyard/v1/+/+"], HUB: ["#"]}
    async with (
        serve(access=allowed) as broker,
        broker.client(VIEWER) as viewer,
        broker.client(HUB) as hub,
    ):
        await viewer.send(subscribe(DEVICES, qos=1))
        await viewer.expect(SUBACK, b"\x00\x01\x01")
        await viewer.send(subscribe(wider, qos=1, packet_id=2))
        answer = await viewer.expect(SUBACK)
        await hub.send(publish(f"flashyard/v1/{HUB}/record", b"secret"))
        await hub.silent()
        with mended():
            assert answer.body == b"\x00\x02\x80", "granted"
            assert await viewer.silent() == []
