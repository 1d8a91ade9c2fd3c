from __future__ import annotations

import asyncio
import logging
import random
import socket
import struct
from contextlib import suppress
from pathlib import Path

import pytest

from flashyard.contract.faults import Code, FaultError
from flashyard.endpoint import Endpoint
from flashyard_broker.server import EmbeddedBroker
from support.brokers import embedded_process, free_port
from support.listener import Listener
from support.waiting import until

WITHIN = 10.0
EVERYTHING = ("yard/#", 1)
HERE = Endpoint("127.0.0.1", 0)
CONNECT = b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x0a\x00\x01x"


def is_free(port: int) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) != 0


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "broker.lan"])
async def test_a_listener_beyond_this_machine_is_refused_before_anything_is_opened(
    host: str,
) -> None:
    port = free_port()
    broker = EmbeddedBroker([Endpoint("127.0.0.1", port), Endpoint(host, 0)])
    with pytest.raises(FaultError, match="needs credentials") as refusal:
        await broker.__aenter__()
    assert refusal.value.fault.code is Code.INVALID_REQUEST
    assert is_free(port)


async def test_a_taken_port_is_said_to_be_in_use_and_the_other_ports_are_let_go() -> None:
    free = free_port()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        broker = EmbeddedBroker([Endpoint("127.0.0.1", free), Endpoint("127.0.0.1", port)])
        with pytest.raises(FaultError, match=f"127.0.0.1:{port}") as refusal:
            await broker.__aenter__()
    assert refusal.value.fault.code is Code.PORT_IN_USE
    assert is_free(free)
    assert broker.addresses == ()


async def test_it_says_where_it_listens_and_an_empty_host_is_this_machine() -> None:
    async with EmbeddedBroker([HERE, Endpoint("", 0)]) as broker:
        first, *rest = broker.addresses
        assert first.host == rest[0].host == "127.0.0.1"
        assert {address.host for address in rest} <= {"127.0.0.1", "::1"}
        for address in broker.addresses:
            assert address.port
            async with Listener().link(f"mqtt://{address}", "viewer") as link:
                await link.wait_until_up(WITHIN)


async def test_it_stops_under_connected_clients_leaves_no_task_and_frees_its_port() -> None:
    port = free_port()
    before = asyncio.all_tasks()
    listener = Listener()
    broker = EmbeddedBroker([Endpoint("127.0.0.1", port)])
    async with listener.link(f"mqtt://127.0.0.1:{port}", "hub", EVERYTHING) as link:
        for _ in range(3):
            async with broker:
                await link.wait_until_up(WITHIN)
                link.publish("yard/event", b"1", qos=1)
            await until(lambda: not link.is_up)
            mqtt = {task for task in asyncio.all_tasks() if task.get_name().startswith("mqtt ")}
            assert mqtt == set()
    await until(lambda: asyncio.all_tasks() <= before)


async def test_it_stops_at_any_moment_of_a_clients_arrival() -> None:
    before = asyncio.all_tasks()
    for moment in range(40):  # turns of the loop after the CONNECT was sent
        async with EmbeddedBroker([HERE]) as broker:
            address = broker.addresses[0]
            _, writer = await asyncio.open_connection(address.host, address.port)
            writer.write(CONNECT)
            for _ in range(moment):
                await asyncio.sleep(0)
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        await until(lambda: asyncio.all_tasks() <= before)


async def test_a_client_that_never_reads_does_not_keep_it_from_stopping() -> None:
    before = asyncio.all_tasks()
    broker = EmbeddedBroker([HERE])
    async with broker:
        port = broker.addresses[0].port
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(CONNECT + b"\x82\x0b\x00\x01\x00\x06yard/#\x01")
        assert await reader.readexactly(4 + 5)
        writer.transport.pause_reading()  # type: ignore[attr-defined] # a socket's can
        async with Listener().link(f"mqtt://127.0.0.1:{port}", "hub", max_queued=500) as link:
            await link.wait_until_up(WITHIN)
            for _ in range(400):
                link.publish("yard/log", bytes(65_000), qos=1)
            assert await link.publish_and_confirm("yard/log", b"last", within=WITHIN)
    await until(lambda: asyncio.all_tasks() <= before)
    writer.transport.abort()
    with suppress(OSError):
        await writer.wait_closed()


@pytest.mark.parametrize(
    "noise",
    [
        b"",
        b"GET / HTTP/1.1\r\n\r\n",
        CONNECT[:7],
        bytes(100),
        b"\xff" * 100,
        CONNECT * 2,
        CONNECT + b"\xf0\x00",
        CONNECT + b"\x30\xff\xff\xff\x7fshort",
        CONNECT + b"\x30\xff\xff\xff\xff\xff",
        CONNECT + b"\x82\x06\x00\x01\x00\x01\xff\x00",
        CONNECT + b"\x32\x05\x00\x03abc",
        random.Random("noise").randbytes(300),  # the same in every test process
    ],
    ids=lambda noise: repr(noise[:20]),
)
@pytest.mark.parametrize("reset", [False, True], ids=["closed", "reset"])
async def test_noise_on_the_port_disturbs_nobody(noise: bytes, *, reset: bool) -> None:
    listener = Listener()
    async with EmbeddedBroker([HERE]) as broker:
        address = broker.addresses[0]
        async with listener.link(f"mqtt://{address}", "viewer", EVERYTHING) as link:
            await link.wait_until_up(WITHIN)
            _, writer = await asyncio.open_connection(address.host, address.port)
            writer.write(noise)
            await writer.drain()
            assert await link.publish_and_confirm("yard/event", b"1")
            if reset:
                no_linger = struct.pack("ii", 1, 0)
                writer.get_extra_info("socket").setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, no_linger
                )
            writer.close()
            assert await link.publish_and_confirm("yard/event", b"2")
            await until(lambda: listener.payloads == [b"1", b"2"])
            assert link.connections == 1


async def test_it_is_quiet_about_clients_that_come_and_go(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    async with (
        EmbeddedBroker([HERE]) as broker,
        Listener().link(f"mqtt://{broker.addresses[0]}", "hub", EVERYTHING) as link,
    ):
        await link.wait_until_up(WITHIN)
        assert await link.publish_and_confirm("yard/event", b"1")
    ours = {"asyncio", "flashyard.link.link"}
    assert {record.name for record in caplog.records} <= ours


async def test_it_serves_again_on_its_port_after_it_was_killed(tmp_path: Path) -> None:
    broker = embedded_process(tmp_path)
    await broker.start()
    try:
        listener = Listener()
        async with listener.link(broker.url, "hub", EVERYTHING) as link:
            await link.wait_until_up(WITHIN)
            await broker.kill()
            await until(lambda: not link.is_up)
            await broker.start()
            await link.wait_until_up(WITHIN)
            assert await link.publish_and_confirm("yard/event", b"again")
            await until(lambda: listener.payloads == [b"again"])
    finally:
        await broker.stop()
