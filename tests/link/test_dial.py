from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from flashyard.link import Address
from flashyard.link.dial import dial
from flashyard.link.letter import LinkDownError
from support.brokers import free_port
from support.listener import Listener
from support.mqtt_peer import CONNECT, MqttPeer, mqtt_peer
from support.ticking import ticking
from support.waiting import until

FOR_EVER = 3600.0


@contextmanager
def swallowing() -> Iterator[int]:
    """A port whose queue of connections is full: Linux drops every further SYN."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port: int = listener.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            yield port


async def test_an_address_that_swallows_packets_blocks_neither_the_loop_nor_the_leaving() -> None:
    with swallowing() as port:
        link = Listener().link(f"mqtt://127.0.0.1:{port}", "hub", connect_timeout=FOR_EVER)
        async with ticking() as ticks, asyncio.timeout(10), link:
            await until(lambda: len(ticks) > 100)
            assert not link.is_up


async def test_a_server_that_accepts_and_is_silent_blocks_neither_the_loop_nor_the_leaving() -> (
    None
):
    async with mqtt_peer(MqttPeer(connack=None)) as peer:
        link = Listener().link(peer.url, "hub", connect_timeout=FOR_EVER)
        async with ticking() as ticks, asyncio.timeout(10), link:
            await until(lambda: peer.of_type(CONNECT))
            so_far = len(ticks)
            await until(lambda: len(ticks) > so_far + 100)
            assert not link.is_up


async def test_an_address_that_swallows_packets_is_given_up_after_the_timeout() -> None:
    with swallowing() as port, pytest.raises(LinkDownError, match="no answer within"):
        await dial(Address("127.0.0.1", port), 0.1)


async def test_a_port_without_a_listener_is_refused() -> None:
    with pytest.raises(LinkDownError, match="Connection refused"):
        await dial(Address("127.0.0.1", free_port()), 5)


async def test_a_name_that_nobody_has_is_a_reason_and_no_crash() -> None:
    with pytest.raises(LinkDownError, match="not known"):
        await dial(Address("no such host", 1), 5)


async def test_a_name_with_several_addresses_is_tried_until_one_answers() -> None:
    async with mqtt_peer(MqttPeer()) as peer:  # on 127.0.0.1 only, while localhost is often ::1 too
        with await dial(Address("localhost", peer.port), 5) as sock:
            assert sock.getpeername() == ("127.0.0.1", peer.port)
            assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
