"""Many who come at once."""

from __future__ import annotations

from support.defects import Serve, defect, mended
from support.raw_mqtt import PUBACK, PUBLISH, SUBACK, publish, subscribe
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
            for number in range(NEWCOMERS):
                async with broker.client(f"newcomer-{number}") as newcomer:
                    await newcomer.send(subscribe("yard/order"))
                    with mended():
                        while (got := await newcomer.receive(broker.patience)).kind == PUBLISH:
                            pass  # that everybody is told what is retained is D2
                        assert got.kind == SUBACK
