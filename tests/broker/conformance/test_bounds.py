"""What one client asks for costs the others nothing, however much it is and however odd."""

from __future__ import annotations

from contextlib import suppress

import pytest

from support.brokers import Broker
from support.conversation import payloads, subscribed, tell
from support.raw_mqtt import PINGREQ, SUBACK, client, packet, publish, subscribe, unsubscribe

DEEP = "/".join("a" * 30_000)


async def odd(port: int, *packets: bytes) -> None:
    """Send this as an accepted client that may be closed for it."""
    async with client(port) as raw:
        with suppress(OSError):
            await raw.send(*packets, packet(PINGREQ))
            raw.writer.write_eof()
        await raw.closed()


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(publish(DEEP, b"x", retain=True), id="retained"),
        pytest.param(publish(DEEP, b"x", qos=1), id="published"),
        pytest.param(subscribe(DEEP), id="subscribed"),
        pytest.param(subscribe(DEEP + "/#"), id="wildcard at the end"),
        pytest.param(subscribe("/".join("+" * 30_000)), id="nothing but wildcards"),
        pytest.param(unsubscribe(DEEP), id="unsubscribed"),
    ],
)
async def test_a_topic_of_very_many_levels_harms_nobody(broker: Broker, said: bytes) -> None:
    # 4.7.3: a broker may refuse it. It must not fall over it, at once or when others subscribe
    async with client(broker.port) as before, client(broker.port) as publisher:
        await subscribed(before, "t")
        await odd(broker.port, said)
        async with client(broker.port) as after:
            await after.send(subscribe("#", "/".join("+" * 200)))
            assert SUBACK in {each.kind for each in await after.silent()}
            await tell(publisher, "t", b"served")
            assert (await payloads(before)) == (await payloads(after)) == [b"served"]
