"""Many who come at once."""

from __future__ import annotations

from support.defects import Serve, Served, defect, mended
from support.raw_mqtt import PUBACK, SUBACK, publish, subscribe
from support.subscribing import subscribing

RETAINED = 20
NEWCOMERS = 40


@defect("D15", "who connects while somebody subscribes is accepted, and served no more")
async def test_everybody_who_comes_while_somebody_subscribes_is_served(serve: Serve) -> None:
    async with (
        serve() as broker,
        broker.client("hub") as hub,
        broker.client("viewer") as viewer,
        broker.client("bridge") as bridge,
    ):
        for number in range(RETAINED):
            await hub.send(publish(f"yard/{number}/record", b"r", qos=1, retain=True))
            await hub.expect(PUBACK)
        await bridge.send(subscribe("yard/+/record"))
        await bridge.expect(SUBACK)
        async with subscribing(viewer, "yard/{}/event"):
            served = [await is_served(broker, f"newcomer-{each}") for each in range(NEWCOMERS)]
        with mended():
            assert served == [True] * NEWCOMERS


async def is_served(broker: Served, client_id: str) -> bool:
    """Is a newcomer, once accepted, granted a subscription?"""
    async with broker.client(client_id) as newcomer:
        await newcomer.send(subscribe("yard/order"))
        try:
            while (await newcomer.receive(within=1)).kind != SUBACK:
                pass  # stock sends what is retained to everybody
        except (TimeoutError, EOFError):
            return False
    return True
