"""Whose connection it is, and who may take it over."""

from __future__ import annotations

import pytest

from support.defects import BRIDGE, HUB, VIEWER, Serve, defect, mended
from support.raw_mqtt import (
    CONNACK,
    PINGREQ,
    PINGRESP,
    SUBACK,
    connect,
    dialled,
    packet,
    publish,
    subscribe,
)

ORDERS = f"flashyard/v1/{HUB}/order"
EVERYTHING = {name: ["#"] for name in (HUB, BRIDGE, VIEWER)}


@pytest.mark.parametrize("password", [None, "guessed"], ids=["no credential", "a wrong one"])
@pytest.mark.parametrize("clean", [True, False], ids=["clean", "persistent"])
@defect("D1", "a CONNECT ends the session of its client id before it is authenticated")
async def test_a_stranger_with_my_client_id_cannot_silence_me(
    serve: Serve, *, clean: bool, password: str | None
) -> None:
    async with (
        serve(access=EVERYTHING) as broker,
        broker.client(HUB, clean=clean) as hub,
        broker.client(BRIDGE) as bridge,
        dialled(broker.port) as stranger,
    ):
        await hub.send(subscribe(ORDERS, qos=1))
        await hub.expect(SUBACK, b"\x00\x01\x01")
        user = None if password is None else HUB
        await stranger.send(connect(HUB, clean=clean, user=user, password=password))
        assert (await stranger.expect(CONNACK)).body[1], "let in"
        await bridge.send(publish(ORDERS, b"start"))
        with mended():
            assert (await hub.message(within=broker.patience)).payload == b"start"


@defect("D17", "a clean session that is taken over keeps its connection, and hears nothing")
async def test_my_old_connection_is_closed_when_i_come_back_over_a_new_one(serve: Serve) -> None:
    async with serve() as broker, broker.client("hub") as old, broker.client("hub") as new:
        with mended():
            assert await old.closed(within=broker.patience) == []
        await new.send(packet(PINGREQ))
        await new.expect(PINGRESP)
