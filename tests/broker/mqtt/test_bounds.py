"""What a client with a credential, or a stranger, can make the broker hold."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from flashyard.endpoint import Endpoint
from flashyard_broker.counters import Dropped, Refused
from flashyard_broker.limits import Limits
from flashyard_broker.server import EmbeddedBroker
from support.raw_mqtt import (
    CONNACK,
    PUBACK,
    PUBLISH,
    SUBACK,
    acknowledgement,
    client,
    connect,
    dialled,
    packet,
    publish,
    subscribe,
    text,
)
from support.waiting import until

HERE = Endpoint("127.0.0.1", 0)
SMALL = Limits(strangers=5, retained_bytes=2_000, offline_queued=3, subscriptions=20, clients=8)


@pytest.fixture
async def broker() -> AsyncIterator[EmbeddedBroker]:
    async with EmbeddedBroker([HERE], limits=SMALL) as broker:
        yield broker


def port_of(broker: EmbeddedBroker) -> int:
    return broker.addresses[0].port


async def test_however_many_strangers_say_nothing_who_says_its_name_gets_in(
    broker: EmbeddedBroker,
) -> None:
    async with AsyncExitStack() as crowd:
        everybody = (dialled(port_of(broker)) for _ in range(4 * SMALL.strangers))
        await asyncio.gather(*map(crowd.enter_async_context, everybody))  # all in one go
        await until(lambda: len(broker._engine.connections._all) <= SMALL.strangers)
        async with client(port_of(broker), "hub") as hub:
            assert await hub.silent() == []
    assert broker.counters.refused[Refused.SILENT] >= 3 * SMALL.strangers


async def test_one_client_more_than_there_may_be_is_told_so(broker: EmbeddedBroker) -> None:
    async with AsyncExitStack() as here:
        for number in range(SMALL.clients):
            await here.enter_async_context(client(port_of(broker), f"c{number}"))
        async with dialled(port_of(broker)) as late:
            await late.send(connect("late"))
            assert (await late.expect(CONNACK)).body[1] == 3, "server unavailable"
    assert broker.counters.refused[Refused.FULL] == 1


async def test_a_stranger_may_not_send_as_much_as_a_client(broker: EmbeddedBroker) -> None:
    async with dialled(port_of(broker)) as stranger:
        await stranger.send(bytes([0x10, 0xFF, 0xFF, 0x07]))  # a CONNECT of 128 KiB follows
        assert await stranger.closed() == []


async def test_what_cannot_be_retained_any_more_leaves_no_older_word_behind(
    broker: EmbeddedBroker,
) -> None:
    async with client(port_of(broker), "hub") as hub:
        await hub.send(publish("a/presence", b"online", retain=True))
        await hub.send(*(publish(f"fill/{n}", bytes(200), retain=True) for n in range(9)))
        await hub.send(publish("a/presence", bytes(1_500), retain=True))
        assert await hub.silent() == []
    assert broker.counters.dropped[Dropped.RETAINED_FULL] > 0
    async with client(port_of(broker), "new") as new:
        await new.send(subscribe("a/presence"))
        assert {got.kind for got in await new.silent()} == {SUBACK}


async def test_an_event_that_waits_is_not_lost_when_its_reader_comes_back_at_once(
    broker: EmbeddedBroker,
) -> None:
    events = [str(number).encode() for number in range(10)]
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(client(port_of(broker), "reader", clean=False))
        await first.send(subscribe("t", qos=1))
        await first.expect(SUBACK)
        writer = await stack.enter_async_context(client(port_of(broker), "writer"))
        first.writer.transport.pause_reading()  # type: ignore[attr-defined] # a socket's can
        for number, event in enumerate(events):
            await writer.send(publish("t", event, qos=1, packet_id=number + 1))
            await writer.expect(PUBACK)
        async with client(port_of(broker), "reader", clean=False) as again:
            came = [await again.message() for _ in events]
    assert [each.payload for each in came] == events


async def test_a_request_for_very_many_filters_keeps_nobody_waiting(
    broker: EmbeddedBroker,
) -> None:
    async with client(port_of(broker)) as bystander, client(port_of(broker)) as greedy:
        await greedy.send(subscribe(*(f"t/{n}" for n in range(SMALL.subscriptions + 1))))
        assert await greedy.closed() == []
        assert await bystander.silent() == []


async def test_what_is_retained_is_told_once_to_who_asks_for_it_twice_in_one_breath(
    broker: EmbeddedBroker,
) -> None:
    async with client(port_of(broker)) as asking:
        await asking.send(publish("t", b"kept", retain=True), subscribe("t", "t", "t"))
        came = await asking.silent()
    assert [got.kind for got in came] == [SUBACK, PUBLISH]


async def test_who_answers_what_was_never_sent_and_reads_nothing_is_not_read_on(
    broker: EmbeddedBroker,
) -> None:
    async with client(port_of(broker), "flood") as flood:
        flood.writer.transport.pause_reading()  # type: ignore[attr-defined] # a socket's can
        flood.writer.write(acknowledgement(5, 1) * 4_000_000)
        connection = broker._engine._sessions["flood"][1].connection
        await until(lambda: not connection._transport.is_reading())
        assert connection._transport.get_write_buffer_size() < 2_000_000
        flood.vanish()


async def test_a_client_id_of_64_kib_is_not_remembered(broker: EmbeddedBroker) -> None:
    async with dialled(port_of(broker)) as raw:
        await raw.send(connect("x" * 60_000))
        assert (await raw.expect(CONNACK)).body[1] == 2


async def test_garbage_fills_no_log(
    broker: EmbeddedBroker, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    for _ in range(50):
        async with dialled(port_of(broker)) as raw:
            await raw.send(packet(9, text("rubbish")))
            assert await raw.closed() == []
    assert caplog.records == []
    assert broker.counters.refused[Refused.MALFORMED] == 50


async def test_many_sessions_of_one_push_out_nobody_elses() -> None:
    few = Limits(offline_sessions=4, session_expiry=60)
    async with EmbeddedBroker([HERE], limits=few) as broker:
        port = port_of(broker)
        sessions = broker._engine._sessions
        async with client(port, "hub", clean=False) as hub:
            await hub.send(subscribe("hub/order", qos=1))
            await hub.expect(SUBACK)
        await until(lambda: sessions["hub"][0].connection is None)
        sessions["hub"][0].username = "hub"  # as if it had come with a credential
        for number in range(10):
            async with client(port, f"viewer{number}", clean=False):
                pass
        await until(lambda: len(sessions) <= few.offline_sessions)
        assert "hub" in sessions
