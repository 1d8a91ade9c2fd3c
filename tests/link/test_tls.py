"""Links over TLS, to Mosquitto and to peers that only a test would be."""

from __future__ import annotations

import asyncio
import logging
import socket
from pathlib import Path
from typing import Any

import pytest

from flashyard.contract.faults import Code, FaultError
from flashyard.link import Link, client_context
from flashyard.link.letter import LinkDownError
from flashyard.link.tls import shake_hands
from flashyard_broker.tls import server_context
from support.authority import Authority
from support.broker_process import Broker
from support.listener import Listener
from support.mosquitto import NAME, tls_mosquitto
from support.mqtt_peer import PUBLISH, MqttPeer, mqtt_peer
from support.ticking import ticking
from support.waiting import until

WITHIN = 10.0
EVERYTHING = ("yard/#", 1)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "authority")


async def reason_of(url: str, **options: Any) -> str:
    """Why a link stays down, in the words a person reads."""
    async with Listener().link(url, "hub", **options) as link:
        await until(lambda: link.down_reason != "not connected yet")
        assert not link.is_up
        return link.down_reason


@pytest.mark.parametrize("newest", ["tlsv1.2", "tlsv1.3"])
async def test_a_link_over_tls_carries_everything_in_order(
    tmp_path: Path, authority: Authority, newest: str
) -> None:
    listener = Listener()
    tls = client_context(authority.ca)
    payloads = [b"%d" % number for number in range(500)] + [bytes(range(256)) * 255]
    async with (
        tls_mosquitto(tmp_path, authority.certify(NAME), newest=newest) as broker,
        listener.link(broker.url, "hub", EVERYTHING, tls=tls) as link,
    ):
        await link.wait_until_up(WITHIN)
        for payload in payloads:
            assert link.publish("yard/event", payload, qos=1)
        await until(lambda: len(listener.payloads) == len(payloads))
        assert listener.payloads == payloads
        await broker.restart()
        await until(lambda: link.is_up and link.connections == 2)
        assert str(link.address) == broker.url


async def test_what_came_in_one_tls_record_is_all_read_at_once(authority: Authority) -> None:
    certified = authority.certify(NAME)
    served = server_context(certified.cert, certified.key)
    listener = Listener()
    async with (
        mqtt_peer(MqttPeer(), ssl=served) as peer,
        listener.link(
            f"mqtts://{NAME}:{peer.port}",
            "hub",
            EVERYTHING,
            tls=client_context(authority.ca),
            keepalive=3600,  # nothing else comes that would have the rest read
        ) as link,
    ):
        await link.wait_until_up(WITHIN)
        peer.say(b"\x30\x08\x00\x06yard/a" * 1600)  # 16,000 bytes: one record, then silence
        await until(lambda: len(listener.messages) == 1600)
        assert link.connections == 1


async def test_what_a_server_has_no_room_for_waits_and_arrives_whole(authority: Authority) -> None:
    certified = authority.certify(NAME)
    payloads = [bytes([number % 256]) * 60_000 for number in range(300)]  # 18 MB: more than buffers
    async with (
        mqtt_peer(MqttPeer(), ssl=server_context(certified.cert, certified.key)) as peer,
        Listener().link(
            f"mqtts://{NAME}:{peer.port}", "hub", tls=client_context(authority.ca)
        ) as link,
        ticking() as ticks,
    ):
        await link.wait_until_up(WITHIN)
        peer.stop_reading()
        for payload in payloads:
            assert link.publish("yard/event", payload)
        await until(lambda: len(ticks) > 50)
        assert len(peer.of_type(PUBLISH)) < len(payloads)
        peer.go_on_reading()
        await until(lambda: len(peer.of_type(PUBLISH)) == len(payloads))
        assert [body[-60_000:] for body in peer.of_type(PUBLISH)] == payloads
        assert link.connections == 1


async def test_a_client_certificate_opens_a_broker_that_asks_for_one(
    tmp_path: Path, authority: Authority
) -> None:
    mine = authority.certify("hub.yard")
    broker = tls_mosquitto(tmp_path, authority.certify(NAME), clients_of=authority)
    async with broker:
        tls = client_context(authority.ca, mine.cert, mine.key)
        async with Listener().link(broker.url, "hub", tls=tls) as link:
            await link.wait_until_up(WITHIN)
        bare = client_context(authority.ca)
        assert "wants a client certificate" in await reason_of(broker.url, tls=bare)


async def test_a_server_that_hangs_up_on_a_client_without_a_certificate_is_understood(
    authority: Authority,
) -> None:
    certified = authority.certify(NAME)
    served = server_context(certified.cert, certified.key, authority.ca)
    async with mqtt_peer(MqttPeer(), ssl=served) as peer:
        url = f"mqtts://{NAME}:{peer.port}"
        told = await reason_of(url, tls=client_context(authority.ca))
    assert "may want a client certificate" in told


async def test_a_client_certificate_of_another_authority_is_told(
    tmp_path: Path, authority: Authority
) -> None:
    stranger = Authority(tmp_path / "stranger").certify("hub.yard")
    broker = tls_mosquitto(tmp_path, authority.certify(NAME), clients_of=authority)
    tls = client_context(authority.ca, stranger.cert, stranger.key)
    async with broker:
        assert "client certificate" in await reason_of(broker.url, tls=tls)


@pytest.mark.parametrize(
    ("name", "expired", "trusted", "reason"),
    [
        (NAME, False, False, "is not trusted"),
        (NAME, True, True, "has expired"),
        ("broker.elsewhere", False, True, "another host name"),
    ],
    ids=["another authority", "expired", "another name"],
)
async def test_a_certificate_that_proves_nothing_is_no_connection_and_says_why(
    *, tmp_path: Path, authority: Authority, name: str, expired: bool, trusted: bool, reason: str
) -> None:
    believed = authority if trusted else Authority(tmp_path / "other")
    broker = tls_mosquitto(tmp_path, authority.certify(name, expired=expired))
    async with broker:
        told = await reason_of(broker.url, tls=client_context(believed.ca))
    assert reason in told


async def test_the_systems_authorities_are_asked_where_none_is_named(
    tmp_path: Path, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with tls_mosquitto(tmp_path, authority.certify(NAME)) as broker:
        assert "is not trusted" in await reason_of(broker.url)
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.ca))  # OpenSSL's own: the system's file
        async with Listener().link(broker.url, "hub") as link:
            await link.wait_until_up(WITHIN)


async def test_an_address_that_the_certificate_does_not_name_is_told(
    tmp_path: Path, authority: Authority
) -> None:
    async with tls_mosquitto(tmp_path, authority.certify(NAME)) as broker:
        url = f"mqtts://127.0.0.1:{broker.port}"
        assert "IP address" in await reason_of(url, tls=client_context(authority.ca))


async def test_a_broker_without_tls_is_told(broker: Broker) -> None:
    url = broker.url.replace("mqtt://", "mqtts://")
    assert "does it speak TLS there?" in await reason_of(url)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "speaks no TLS there"),
        (b"\x15\x03\x01\x00\x02\x02\x46", "no TLS 1.2 or newer"),
        (b"\x15\x03\x03\x00\x02\x02\x28", "may want a client certificate"),
        (b"\x15\x03\x03\x00\x02\x02\x50", "TLS failed: TLSV1_ALERT_INTERNAL_ERROR"),
    ],
    ids=["plain text", "alert 70", "alert 40", "alert 80"],
)
async def test_what_a_server_answers_to_the_handshake_is_told(answer: bytes, reason: str) -> None:
    async def reply(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(answer)
        await reader.read()  # so that it is not lost by a reset
        writer.close()

    async with await asyncio.start_server(reply, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        assert reason in await reason_of(f"mqtts://127.0.0.1:{port}")


async def test_a_server_that_never_answers_the_handshake_blocks_neither_loop_nor_leaving() -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        url = f"mqtts://127.0.0.1:{deaf.getsockname()[1]}"
        link = Listener().link(url, "hub", connect_timeout=3600.0)
        async with ticking() as ticks, asyncio.timeout(10), link:
            await until(lambda: len(ticks) > 100)
            assert not link.is_up
        assert "no answer to the TLS handshake" in await reason_of(url, connect_timeout=0.1)


async def test_a_handshake_that_fails_leaves_no_socket_open() -> None:
    ours, theirs = socket.socketpair()
    ours.settimeout(0)
    theirs.close()
    with pytest.raises(LinkDownError):
        await shake_hands(ours, client_context(), NAME, WITHIN)
    assert ours.fileno() == -1


async def test_without_credentials_where_they_are_wanted_the_link_says_so_and_tries_again(
    tmp_path: Path, authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    broker = tls_mosquitto(tmp_path, authority.certify(NAME), anonymous=False)
    tls = client_context(authority.ca)
    async with broker:
        assert "wants a user and a password" in await reason_of(broker.url, tls=tls)
        url = broker.url.replace("://", "://bench-a:hunter2@")
        async with Listener().link(url, "bench-a", tls=tls) as link:
            await until(lambda: "does not know the user" in link.down_reason)
            assert not link.is_up
            with pytest.raises(FaultError) as refusal:
                await link.wait_until_up(0.01)
    assert refusal.value.fault.code is Code.BROKER_UNREACHABLE
    for text in (repr(link), str(refusal.value.fault), caplog.text):
        assert "hunter2" not in text


def test_a_link_is_told_nothing_by_a_broken_url() -> None:
    with pytest.raises(FaultError):
        Link("mqtts://:8883", "hub", on_message=print)
