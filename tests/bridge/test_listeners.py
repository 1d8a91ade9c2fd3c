"""Listening: what was asked for is bound, all of it, or one clear refusal and nothing is."""

from __future__ import annotations

import socket
from contextlib import closing

import pytest

from flashyard.contract.faults import Code, FaultError
from flashyard.endpoint import Endpoint
from flashyard_bridge.listeners import listen
from support.brokers import free_port


async def test_an_empty_host_is_both_loopbacks_on_one_port() -> None:
    [listener] = await listen([Endpoint("", 0)])
    with closing(listener):
        v4, v6 = listener.bound
        assert (v4.host, v6.host) == ("127.0.0.1", "::1")
        assert v4.port == v6.port != 0


async def test_each_endpoint_gets_a_listener_in_the_order_asked() -> None:
    listeners = await listen([Endpoint("127.0.0.1", 0), Endpoint("::1", 0)])
    assert [listener.bound[0].host for listener in listeners] == ["127.0.0.1", "::1"]
    for listener in listeners:
        listener.close()


async def test_a_name_is_bound_on_every_address_it_has() -> None:
    [listener] = await listen([Endpoint("localhost", 0)])
    with closing(listener):
        assert all(endpoint.is_loopback for endpoint in listener.bound)
        assert len({endpoint.port for endpoint in listener.bound}) == 1


async def test_a_taken_port_is_refused_and_what_was_bound_before_is_let_go() -> None:
    free = free_port()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(FaultError) as caught:
            await listen([Endpoint("127.0.0.1", free), Endpoint("127.0.0.1", port)])
    assert caught.value.fault.code is Code.PORT_IN_USE
    assert f"127.0.0.1:{port}" in caught.value.fault.sentence
    with socket.create_server(("127.0.0.1", free)):
        pass


async def test_a_port_taken_on_one_loopback_alone_is_taken() -> None:
    with (
        socket.create_server(("::1", 0), family=socket.AF_INET6) as taken,
        pytest.raises(FaultError) as caught,
    ):
        await listen([Endpoint("", taken.getsockname()[1])])
    assert caught.value.fault.code is Code.PORT_IN_USE


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
async def test_an_address_that_is_not_this_hosts_is_refused(host: str) -> None:
    with pytest.raises(FaultError) as caught:
        await listen([Endpoint(host, 0)])
    assert caught.value.fault.code is Code.INVALID_REQUEST
    assert host in caught.value.fault.sentence
