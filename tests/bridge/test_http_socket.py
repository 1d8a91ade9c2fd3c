"""A request that is none, has an endless head or never comes: refused in our shape, or let go."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from flashyard_bridge import http_socket
from flashyard_bridge.http_socket import MAX_HEAD
from support.live_server import LiveServer, live_server
from support.raw_websocket import RawWebSocket
from support.waiting import until

HEAD = b"GET /nowhere HTTP/1.1\r\nHost: 127.0.0.1\r\n"


@pytest.fixture
async def served() -> AsyncIterator[LiveServer]:
    async with live_server() as server:
        yield server


@pytest.mark.parametrize(
    "sent",
    [
        b"GARBAGE\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",  # a browser that believes in https
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET /caf\xe9 HTTP/1.1\r\n\r\n",
        b"CONNECT elsewhere:443 HTTP/1.1\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
    ],
    ids=lambda sent: repr(sent[:16]),
)
async def test_what_is_no_http_is_told_so_in_the_shape_of_all_errors(
    served: LiveServer, sent: bytes
) -> None:
    raw = RawWebSocket(served.port)
    await raw.send(sent)
    status, headers, body = await raw.answer()
    assert (status, body["code"]) == (400, "invalid_request")
    assert "content-type: application/json" in headers


@pytest.mark.parametrize("begun", [HEAD + b"X-Long: ", b"GET /"], ids=["header", "address"])
async def test_an_endless_head_is_refused_and_not_gathered(
    served: LiveServer, begun: bytes
) -> None:
    raw = RawWebSocket(served.port)
    await raw.send(begun + b"x" * 4 * MAX_HEAD)
    status, _, body = await raw.answer()
    assert (status, body["code"]) == (431, "payload_too_large")
    await until(lambda: not served.server.server_state.connections)


async def test_a_head_in_many_pieces_is_a_head(served: LiveServer) -> None:
    raw = RawWebSocket(served.port)
    for piece in (HEAD[:3], HEAD[3:], b"X: ", b"x" * (MAX_HEAD // 2), b"\r\n", b"\r\n"):
        await raw.send(piece)
    await raw.frames(until=b"Not Found")
    await raw.send(HEAD + b"Connection: close\r\n\r\n")
    assert (await raw.to_end()).count(b"404 Not Found") == 2, "and the connection is kept"


async def test_one_who_asks_nothing_is_let_go(
    served: LiveServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_socket, "HEAD_WITHIN", 0.05)
    for begun in (b"", HEAD):
        raw = RawWebSocket(served.port)
        await raw.send(begun)
        assert await raw.to_end() == b""
    await until(lambda: not served.server.server_state.connections)


async def test_a_body_may_take_its_time_and_so_may_a_websocket(
    served: LiveServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_socket, "HEAD_WITHIN", 0.05)
    body, websocket, idle = (RawWebSocket(served.port) for _ in range(3))
    await body.send(HEAD.replace(b"GET", b"POST") + b"Content-Length: 2\r\n\r\n")
    await websocket.ask("/flash-progress")
    assert await idle.to_end() == b"", "time enough has gone by"
    await websocket.frames(until=b"\r\n\r\n")
    assert served.live.connected == 1
    await body.send(b"{}")
    await body.frames(until=b"Not Found")
    body.close()
    websocket.close()
