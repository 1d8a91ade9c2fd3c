"""What the embedded broker alone keeps to: client ids, clears, listeners, its log and counters."""

from __future__ import annotations

import logging
import ssl
from pathlib import Path

import pytest

from flashyard.contract.topics import ROOT, Kind, build
from flashyard.endpoint import Endpoint
from flashyard_broker.access import Role
from flashyard_broker.counters import Cut, Refused
from flashyard_broker.server import EmbeddedBroker
from flashyard_broker.tls import server_context
from support.authority import Authority, Certified
from support.guarded import Ours
from support.raw_mqtt import (
    CONNACK,
    PINGREQ,
    PINGRESP,
    PUBACK,
    SUBACK,
    client,
    connect,
    dialled,
    packet,
    publish,
    subscribe,
)

PRESENCE = build(Kind.PRESENCE, "bench-b")
NOT_AUTHORIZED = 5
WITHIN = 10.0


@pytest.mark.parametrize(
    ("name", "client_id"),
    [
        ("bench-a", "bench-b"),
        ("bench-a", "bench-a-2"),
        ("bench-a", "office"),
        ("bench-a", ""),
        ("office", "backup"),
        ("wall", "bench-a"),
        ("wall", "my-wall"),
    ],
)
async def test_a_client_id_is_its_identitys_own(ours: Ours, name: str, client_id: str) -> None:
    async with ours.client("bench-b") as other, ours.client("backup") as bridge:
        assert await ours.answer(client_id, name, ours.secrets[name]) == NOT_AUTHORIZED
        assert await other.silent() == await bridge.silent() == []
    assert ours.broker.counters.refused == {Refused.CLIENT_ID: 1}


async def test_a_viewer_takes_no_client_id_that_is_a_name(ours: Ours) -> None:
    secret = ours.secrets["wall"]
    assert await ours.answer("wall-hub", "wall", secret) == 0
    async with ours.client("wall", "wall-hub", clean=False) as viewer:
        ours.secrets["wall-hub"] = ours.file.add(Role.HUB, "wall-hub")
        assert await viewer.closed(WITHIN) == []
    assert await ours.answer("wall-hub", "wall", secret) == NOT_AUTHORIZED
    async with ours.client("wall-hub") as hub:
        assert await hub.silent() == []


async def test_a_refused_subscription_is_said_to_be_and_the_others_are_granted(ours: Ours) -> None:
    own = build(Kind.ORDER, "bench-a")
    async with ours.client("bench-a") as hub:
        await hub.send(subscribe("#", own, f"{ROOT}/+/device/+/event", PRESENCE, qos=1))
        await hub.expect(SUBACK, bytes([0, 1, 0x80, 1, 0x80, 0x80]))
    assert ours.broker.counters.denied_subscriptions == 3


async def test_what_is_refused_is_logged_once_with_the_identity_and_always_counted(
    ours: Ours, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    async with ours.client("bench-a") as hub:
        for _ in range(3):
            await hub.send(publish(PRESENCE, b"forged", qos=1), subscribe("#"))
            await hub.expect(PUBACK)
            await hub.expect(SUBACK, bytes([0, 1, 0x80]))
    told = [each.getMessage() for each in caplog.records]
    assert len(told) == 2, told
    assert all("bench-a" in each for each in told)
    assert sum(PRESENCE in each for each in told) == 1
    counters = ours.broker.counters
    assert (counters.denied_publishes, counters.denied_subscriptions) == (3, 3)


async def test_a_refused_client_is_logged_once_with_its_name_and_always_counted(
    ours: Ours, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    for _ in range(3):
        assert await ours.answer("bench-a", "bench-a", "guess") == NOT_AUTHORIZED
    (told,) = (each.getMessage() for each in caplog.records)
    assert "bench-a" in told
    assert "guess" not in told
    assert ours.broker.counters.refused == {Refused.CREDENTIALS: 3}


async def test_a_bridge_clears_and_does_nothing_else_to_what_hubs_retain(ours: Ours) -> None:
    async with ours.client("bench-b") as hub, ours.client("office") as bridge:
        await hub.send(subscribe(PRESENCE))
        await hub.expect(SUBACK)
        for refused in (
            publish(PRESENCE, b"x", retain=True),
            publish(PRESENCE),
            publish(PRESENCE, b"x"),
        ):
            await bridge.send(refused)
        await bridge.send(publish(PRESENCE, retain=True))
        message = await hub.message()
        assert (message.topic, message.payload) == (PRESENCE, b"")
        assert await hub.silent() == []
    assert ours.broker.counters.denied_publishes == 3


async def test_without_a_name_one_is_let_in_on_loopback_and_nowhere_else(ours: Ours) -> None:
    everywhere, here = (address.port for address in ours.broker.addresses)
    assert everywhere == ours.port
    assert await ours.answer("bench-a") == NOT_AUTHORIZED
    async with client(here, "anyone") as anyone, ours.client("bench-b") as hub:
        await anyone.send(subscribe("#"))
        await anyone.expect(SUBACK, bytes([0, 1, 0]))
        await hub.send(publish(PRESENCE, b"online"))
        assert (await anyone.message()).payload == b"online"
        await hub.send(subscribe(PRESENCE))
        await hub.expect(SUBACK)
        await anyone.send(publish(PRESENCE, b"anything"))
        assert (await hub.message()).payload == b"anything"


async def test_the_revoked_leave_nothing_behind_and_are_counted(ours: Ours) -> None:
    async with ours.client("bench-a", clean=False) as revoked:
        await revoked.send(subscribe(build(Kind.ORDER, "bench-a"), qos=1))
        await revoked.expect(SUBACK)
        ours.file.revoke("bench-a")
        assert await revoked.closed(WITHIN) == []
    assert ours.broker.counters.cut[Cut.REVOKED] == 1
    assert ours.broker.holdings().offline_sessions == 0
    secret = ours.file.add(Role.HUB, "bench-a")
    await ours.welcomes("bench-a", secret)
    assert await ours.answer("bench-a", "bench-a", ours.secrets["bench-a"]) == NOT_AUTHORIZED
    assert ours.broker.holdings().subscriptions == 0


def presenting(authority: Authority, shown: Certified) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(authority.ca))
    context.load_cert_chain(shown.cert, shown.key)
    return context


async def test_a_certificate_stands_for_the_secret_of_the_name_it_is_made_out_to(
    tmp_path: Path,
) -> None:
    authority = Authority(tmp_path / "authority")
    shown = authority.certify("127.0.0.1", "localhost")
    guarded = Ours(tmp_path)
    broker = EmbeddedBroker(
        [Endpoint("0.0.0.0", 0)],
        credentials=guarded.file.path,
        tls=server_context(shown.cert, shown.key, authority.ca),
    )
    answers = {}
    async with broker:
        port = broker.addresses[0].port
        for name, client_id in (
            ("bench-a", "bench-a"),
            ("bench-a", "bench-b"),
            ("nobody", "nobody"),
            ("wall", "wall-left"),
        ):
            context = presenting(authority, authority.certify("hub.lan", common_name=name))
            async with dialled(port, context) as raw:
                await raw.send(connect(client_id))
                answers[name, client_id] = (await raw.expect(CONNACK)).body[1]
                if answers[name, client_id] == 0:
                    await raw.send(packet(PINGREQ), subscribe(build(Kind.ORDER, name)))
                    await raw.expect(PINGRESP)
                    await raw.expect(SUBACK, bytes([0, 1, 0x80 if name == "wall" else 0]))
    assert answers == {
        ("bench-a", "bench-a"): 0,
        ("bench-a", "bench-b"): NOT_AUTHORIZED,
        ("nobody", "nobody"): NOT_AUTHORIZED,
        ("wall", "wall-left"): 0,
    }
