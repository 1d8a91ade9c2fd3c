"""TLS before MQTT: who fails in it is counted and told, and who stalls in it keeps nobody out."""

from __future__ import annotations

import asyncio
import logging
import ssl
from contextlib import suppress
from pathlib import Path

import pytest

from flashyard.endpoint import Endpoint
from flashyard.link import client_context
from flashyard_broker.counters import Refused
from flashyard_broker.limits import Limits
from flashyard_broker.server import EmbeddedBroker
from flashyard_broker.tls import server_context
from support.authority import Authority
from support.raw_mqtt import CONNACK, RawMqtt, connect, dialled
from support.waiting import until

ACCEPTED = bytes([0, 0])


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "authority")


def broker_of(authority: Authority, limits: Limits | None = None) -> EmbeddedBroker:
    """Make a broker that asks for certificates."""
    shown = authority.certify("127.0.0.1")
    context = server_context(shown.cert, shown.key, authority.ca)
    return EmbeddedBroker([Endpoint("127.0.0.1", 0)], tls=context, limits=limits)


def known(authority: Authority) -> ssl.SSLContext:
    mine = authority.certify("hub.yard")
    return client_context(authority.ca, mine.cert, mine.key)


async def is_let_in(port: int, context: ssl.SSLContext) -> bool:
    """Is a CONNECT answered? With TLS 1.3 a refusal follows the client's own handshake."""
    try:
        async with dialled(port, context) as raw:
            await raw.send(connect("someone"))
            await raw.expect(CONNACK, ACCEPTED)
    except (OSError, EOFError):
        return False
    return True


async def test_who_has_no_certificate_is_counted_each_time_and_told_once(
    authority: Authority, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    foreign = Authority(tmp_path / "foreign").certify("hub.yard")
    async with broker_of(authority) as broker:
        port, counters = broker.addresses[0].port, broker.counters
        for _ in range(3):
            assert not await is_let_in(port, client_context(authority.ca))
        stranger = client_context(authority.ca, foreign.cert, foreign.key)
        assert not await is_let_in(port, stranger)
        assert await is_let_in(port, known(authority))
        assert (counters.refused[Refused.TLS], counters.connections) == (4, 5)
        assert counters.refused.total() == 4
    (told,) = (each.getMessage() for each in caplog.records)
    assert told == ("refused 127.0.0.1 in the TLS handshake: peer did not return a certificate")


async def test_a_certificate_of_others_is_told_with_what_is_wrong_about_it(
    authority: Authority, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    foreign = Authority(tmp_path / "foreign").certify("hub.yard")
    async with broker_of(authority) as broker:
        context = client_context(authority.ca, foreign.cert, foreign.key)
        assert not await is_let_in(broker.addresses[0].port, context)
    assert "its certificate: " in caplog.text


@pytest.mark.parametrize("said", [connect("plain"), b"GET / HTTP/1.1\r\n\r\n"])
async def test_who_speaks_no_tls_is_hung_up_on_and_counted(
    authority: Authority, said: bytes
) -> None:
    async with broker_of(authority) as broker, dialled(broker.addresses[0].port) as raw:
        await raw.send(said)
        assert await raw.closed() == []
        assert broker.counters.refused[Refused.TLS] == 1


async def test_who_says_nothing_is_hung_up_on_in_time_and_counted(authority: Authority) -> None:
    limits = Limits(connect_timeout=0.2)
    async with broker_of(authority, limits) as broker, dialled(broker.addresses[0].port) as raw:
        assert await raw.closed() == []
        assert broker.counters.refused[Refused.TLS] == 1


async def test_who_hangs_up_in_the_middle_is_counted(authority: Authority) -> None:
    async with broker_of(authority) as broker:
        async with dialled(broker.addresses[0].port):
            pass
        await until(lambda: broker.counters.refused[Refused.TLS] == 1)
        assert broker.counters.connections == 1


async def test_however_many_say_nothing_who_has_a_certificate_gets_through(
    authority: Authority,
) -> None:
    async with broker_of(authority, Limits(strangers=3)) as broker:
        port = broker.addresses[0].port
        silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(5)]
        for reader, _ in silent[:2]:  # the oldest give way
            async with asyncio.timeout(5):
                with suppress(ConnectionError):
                    assert await reader.read() == b""
        assert broker.counters.refused[Refused.TLS] == 2
        assert await is_let_in(port, known(authority))
        assert broker.counters.refused[Refused.TLS] == 3
        for _, writer in silent:
            writer.close()


async def test_what_comes_together_with_the_last_of_the_handshake_is_not_lost(
    authority: Authority,
) -> None:
    inward, outward = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = known(authority).wrap_bio(inward, outward, server_hostname="127.0.0.1")
    async with broker_of(authority) as broker:
        reader, writer = await asyncio.open_connection("127.0.0.1", broker.addresses[0].port)
        with suppress(ssl.SSLWantReadError):
            client.do_handshake()
        writer.write(outward.read())
        is_done = False
        while not is_done:
            inward.write(await reader.read(65536))
            with suppress(ssl.SSLWantReadError):
                client.do_handshake()
                is_done = True
        client.write(connect("hasty"))
        writer.write(outward.read())
        answer = b""
        async with asyncio.timeout(5):
            while not answer:
                inward.write(await reader.read(65536))
                with suppress(ssl.SSLWantReadError):
                    answer = client.read(4)
        assert answer == bytes([CONNACK << 4, 2]) + ACCEPTED
        writer.close()


async def test_a_stop_waits_for_no_handshake(authority: Authority) -> None:
    broker = broker_of(authority)
    async with broker:
        reader, writer = await asyncio.open_connection("127.0.0.1", broker.addresses[0].port)
        raw = RawMqtt(reader, writer)
        async with dialled(broker.addresses[0].port, known(authority)) as other:
            await other.send(connect("other"))
            await other.expect(CONNACK, ACCEPTED)  # so the first has begun
    assert await raw.closed() == []
    writer.close()
    assert broker.counters.refused.total() == 0
