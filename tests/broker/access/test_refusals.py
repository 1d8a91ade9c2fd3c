"""What a credential does not give: on the embedded broker, and on Mosquitto with our files.

There refused means not delivered: Mosquitto grants every subscription and acknowledges every
publish. So each test has a bystander who may hear everything, and ends with a message that is
allowed: what came before it on the same connection has been judged by then.
"""

from __future__ import annotations

import pytest

from flashyard.contract.topics import ANNOUNCE, ROOT, Kind, build
from flashyard_broker.access import Role
from support.guarded import Guarded
from support.raw_mqtt import (
    PUBACK,
    PUBLISH,
    SUBACK,
    RawMqtt,
    Received,
    Will,
    client,
    publish,
    subscribe,
)

ALLOWED = build(Kind.RECEIPT, "bench-a")
EVENT = build(Kind.EVENT, "bench-b", "PIXEL6_001")
WITHIN = 10.0  # seconds for a broker to notice that credentials changed
BAD_CREDENTIALS = {4, 5}  # 3.2.2.3: a broker may say either


async def listen(raw: RawMqtt, *filters: str) -> bytes:
    """Subscribe; return the codes, having read what else came."""
    await raw.send(subscribe(*filters, qos=1))
    while (got := await raw.receive()).kind != SUBACK:
        pass
    return got.body[2:]


async def heard(raw: RawMqtt, last: str) -> list[Received]:
    """Return the messages that come before one on the topic ``last``, and acknowledge nothing."""
    came: list[Received] = []
    while (message := await raw.message()).topic != last:
        came.append(message)
    return came


@pytest.mark.parametrize("qos", [0, 1])
@pytest.mark.parametrize("retain", [False, True])
@pytest.mark.parametrize(
    "topic",
    [
        build(Kind.PRESENCE, "bench-b"),
        build(Kind.DEVICE, "bench-b", "PIXEL6_001"),
        EVENT,
        build(Kind.RECEIPT, "bench-b"),
        build(Kind.RECORD, "bench-b"),
        build(Kind.ORDER, "bench-b"),
        build(Kind.ORDER, "bench-a"),
        build(Kind.RECORDED, "bench-a"),
        ANNOUNCE,
        "elsewhere/altogether",
    ],
)
async def test_a_hub_cannot_speak_as_another_hub_nor_as_a_bridge(
    guarded: Guarded, topic: str, qos: int, *, retain: bool
) -> None:
    async with guarded.client("office") as bystander, guarded.client("bench-a") as hub:
        await listen(bystander, f"{ROOT}/#")
        await hub.send(
            publish(topic, b"mine", qos=qos, retain=retain), publish(ALLOWED, b"allowed")
        )
        if qos:
            await hub.expect(PUBACK)  # 3.3.5: there is no other way in 3.1.1 to go on
        assert await heard(bystander, ALLOWED) == []
        async with guarded.client("backup") as late:
            await listen(late, f"{ROOT}/#")
            assert [each.kind for each in await late.silent()] == [], "it is not retained either"


@pytest.mark.parametrize(
    "asked",
    [
        "#",
        f"{ROOT}/#",
        f"{ROOT}/+/order",
        f"{ROOT}/bench-b/order",
        f"{ROOT}/+/device/+/event",
        "+/+/+/device/#",
        "$SYS/#",
    ],
)
async def test_a_hub_cannot_hear_what_is_anothers(guarded: Guarded, asked: str) -> None:
    own = build(Kind.ORDER, "bench-a")
    async with guarded.client("bench-a") as hub, guarded.client("office") as bridge:
        await listen(hub, own, asked)
        await bridge.send(
            publish(build(Kind.ORDER, "bench-b"), b"theirs"), publish(own, b"last"), publish(own)
        )
        async with guarded.client("bench-b") as other:
            await other.send(publish(EVENT, b"theirs"))
        # Where a broker granted a filter that reaches its own topic twice, it may come twice.
        while (message := await hub.message()).payload:
            assert message.topic == own


async def test_a_viewer_hears_what_is_for_all_and_says_nothing(guarded: Guarded) -> None:
    asked = [f"{ROOT}/+/device/+/event", f"{ROOT}/+/order", f"{ROOT}/+/record", f"{ROOT}/#"]
    async with (
        guarded.client("wall", "wall-left") as viewer,
        guarded.client("office") as bridge,
        guarded.client("bench-b") as hub,
    ):
        await listen(bridge, f"{ROOT}/#")
        await listen(viewer, *asked)
        await viewer.send(publish(EVENT, b"forged"), publish(build(Kind.ORDER, "bench-b"), b"do"))
        await viewer.silent()
        await bridge.send(publish(build(Kind.ORDER, "bench-b"), b"secret"))
        await heard(bridge, build(Kind.ORDER, "bench-b"))
        await hub.send(publish(build(Kind.RECORD, "bench-b"), b"secret"), publish(EVENT, b"told"))
        message = await viewer.message()
        assert (message.topic, message.payload) == (EVENT, b"told")
        assert [each.payload for each in await heard(bridge, EVENT)] == [b"secret"]


async def test_a_will_is_judged_like_every_publish(guarded: Guarded) -> None:
    will = Will(build(Kind.PRESENCE, "bench-b"), b"offline", 1, retain=True)
    async with guarded.client("office") as bystander:
        await listen(bystander, f"{ROOT}/#")
        async with client(
            *(guarded.port, "bench-a"),
            user="bench-a",
            password=guarded.secrets["bench-a"],
            will=will,
        ) as hub:
            await hub.send(publish(ALLOWED))
            await heard(bystander, ALLOWED)
            hub.vanish()
        async with guarded.client("bench-a") as again:
            await again.send(publish(ALLOWED))
            assert await heard(bystander, ALLOWED) == []


async def test_nobody_is_let_in_without_a_credential(guarded: Guarded) -> None:
    secret = guarded.secrets["bench-a"]
    assert await guarded.answer("bench-a", "bench-a", secret) == 0
    assert await guarded.answer("bench-a") in BAD_CREDENTIALS
    assert await guarded.answer("nobody") in BAD_CREDENTIALS
    assert await guarded.answer("bench-a", "bench-a", f"x{secret}") in BAD_CREDENTIALS
    assert await guarded.answer("bench-a", "bench-a", "") in BAD_CREDENTIALS
    assert await guarded.answer("bench-b", "bench-b", secret) in BAD_CREDENTIALS
    assert await guarded.answer("nobody", "nobody", secret) in BAD_CREDENTIALS


async def test_two_bridges_and_many_viewers_stand_side_by_side(guarded: Guarded) -> None:
    async with (
        guarded.client("office") as office,
        guarded.client("backup") as backup,
        guarded.client("wall", "wall-left") as left,
        guarded.client("wall", "wall-right") as right,
        guarded.client("bench-b") as hub,
    ):
        everybody = (office, backup, left, right)
        for each in everybody:
            await listen(each, f"{ROOT}/+/device/+/event")
        await hub.send(publish(EVENT, b"told"))
        for each in everybody:
            assert (await each.message()).payload == b"told"


async def test_a_bridge_clears_what_is_retained(guarded: Guarded) -> None:
    presence = build(Kind.PRESENCE, "bench-a")
    async with guarded.client("bench-a") as hub, guarded.client("office") as bridge:
        await listen(bridge, presence)
        await hub.send(publish(presence, b"online", retain=True))
        assert (await bridge.message()).payload == b"online"
        await bridge.send(publish(presence, retain=True))
        assert (await bridge.message()).payload == b""
        async with guarded.client("backup") as late:
            await listen(late, presence)
            assert await late.silent() == []


async def test_a_revoked_identity_is_disconnected_and_cannot_return(guarded: Guarded) -> None:
    async with guarded.client("bench-a") as revoked, guarded.client("bench-b") as kept:
        guarded.file.revoke("bench-a")
        guarded.notice()
        assert [each for each in await revoked.closed(WITHIN) if each.kind == PUBLISH] == []
        secret = guarded.secrets["bench-a"]
        assert await guarded.answer("bench-a", "bench-a", secret) in BAD_CREDENTIALS
        assert await kept.silent() == []


async def test_an_identity_that_is_added_is_let_in_while_the_broker_runs(guarded: Guarded) -> None:
    async with guarded.client("bench-b") as kept:
        secret = guarded.file.add(Role.HUB, "bench-c")
        guarded.notice()
        await guarded.welcomes("bench-c", secret)
        assert await kept.silent() == []
