"""Which upgrade request becomes a WebSocket; every other one is told why, over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from support.live_server import PATH, LiveServer, everything, live_server
from support.raw_websocket import RawWebSocket

TOKEN = "s3cret-T0ken"


@pytest.fixture
async def served() -> AsyncIterator[LiveServer]:
    async with live_server(origins=frozenset({"https://lab.example"})) as server:
        yield server


@pytest.fixture
async def guarded() -> AsyncIterator[LiveServer]:
    async with live_server(token=TOKEN) as server:
        yield server


@pytest.mark.parametrize("path", ["/flash-progress", PATH, f"{PATH}/job_1703001234_abc123"])
async def test_the_three_paths_are_websockets(served: LiveServer, path: str) -> None:
    client = await served.watch(path)
    assert await everything(client) == []
    await served.watch(f"{path}?v=1")


async def test_nothing_is_compressed_though_a_browser_offers_it(served: LiveServer) -> None:
    client = await served.watch(compression="deflate")
    assert client.response is not None
    assert "Sec-WebSocket-Extensions" not in client.response.headers


async def test_every_other_path_is_404_at_the_handshake(served: LiveServer) -> None:
    for path in (
        "/",
        "/ws",
        "/flash-progress/",
        "/flash-progress/job_1703001234_abc123",
        f"{PATH}/",
        f"{PATH}/a/b",
        "//x/flash-progress",
        "/FLASH-PROGRESS",
        "/health",
    ):
        raw = RawWebSocket(served.port)
        await raw.ask(path)
        status, headers, body = await raw.answer()
        assert (status, body["code"]) == (404, "not_found"), path
        assert "content-type: application/json" in headers


@pytest.mark.parametrize(
    ("changed", "method", "status"),
    [
        ({}, "POST", 400),
        ({"Content-Length": "5"}, "GET", 400),
        ({f"X-{number}": "x" for number in range(130)}, "GET", 400),
        ({"X-Long": "x" * 9000}, "GET", 400),
        ({"Sec-WebSocket-Key": None}, "GET", 400),
        ({"Sec-WebSocket-Key": "short"}, "GET", 400),
        ({"Sec-WebSocket-Key": "\xff" * 24}, "GET", 400),
        ({"Sec-WebSocket-Version": "8"}, "GET", 400),
        ({"Sec-WebSocket-Version": "\xff"}, "GET", 400),
        ({"Sec-WebSocket-Version": None}, "GET", 400),
        ({"Connection": "Upgrade, \xff"}, "GET", 400),
        ({"User-Agent": "caf\xe9", "Host": None}, "GET", 403),
    ],
)
async def test_a_malformed_upgrade_is_told_so_never_met_with_silence(
    served: LiveServer, changed: Mapping[str, str | None], method: str, status: int
) -> None:
    raw = RawWebSocket(served.port)
    await raw.ask(PATH, changed, method=method)
    told, _, body = await raw.answer()
    assert told == status
    assert body["error"]
    assert body["code"] in {"invalid_request", "not_allowed"}


async def test_two_hosts_are_refused(served: LiveServer) -> None:
    raw = RawWebSocket(served.port)
    await raw.ask(PATH, {"host": "evil.example"})
    assert (await raw.answer())[0] == 403


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "http://localhost:5173",
        "http://127.0.0.1:8000",
        "http://[::1]",
        "https://lab.example",
    ],
)
async def test_allowed_pages_may_watch(served: LiveServer, origin: str | None) -> None:
    client = await served.watch(origin=origin)
    assert await everything(client) == []


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "http://localhost.evil.example",
        "http://127.0.0.1.evil.example",
        "https://lab.example:444",
        "http://lab.example",
        "null",
        "",
    ],
)
async def test_pages_of_other_sites_are_refused(served: LiveServer, origin: str) -> None:
    raw = RawWebSocket(served.port)
    await raw.ask(PATH, {"Origin": origin})
    status, _, body = await raw.answer()
    assert (status, body["code"]) == (403, "not_allowed")
    assert "--allow-origin" in body["hint"]


async def test_a_foreign_name_for_this_machine_is_refused(served: LiveServer) -> None:
    for host in ("evil.example", "evil.example:8000", "", "0.0.0.0", "[::1", "localhost.evil"):
        raw = RawWebSocket(served.port)
        await raw.ask(PATH, {"Host": host})
        assert (await raw.answer())[0] == 403, host
    for host in ("localhost", "LOCALHOST:1", "127.0.0.1:9", "127.9.9.9", "[::1]:80"):
        raw = RawWebSocket(served.port)
        await raw.ask(PATH, {"Host": host})
        await raw.frames(until=b"\r\n\r\n")
        raw.close()


@pytest.mark.parametrize(
    ("path", "headers", "offered"),
    [
        (f"{PATH}?token={TOKEN}", {}, None),
        (f"{PATH}?v=1&token={TOKEN}", {}, None),
        (PATH, {"Authorization": f"Bearer {TOKEN}"}, None),
        (PATH, {"Authorization": f"bearer  {TOKEN}"}, None),
        (PATH, {}, ["flashyard.v1", f"bearer.{TOKEN}"]),
    ],
)
async def test_a_token_may_come_in_three_ways(
    guarded: LiveServer, path: str, headers: dict[str, str], offered: list[Subprotocol] | None
) -> None:
    client = await guarded.watch(path, additional_headers=headers, subprotocols=offered)
    assert await everything(client) == []
    assert client.subprotocol == ("flashyard.v1" if offered else None)


@pytest.mark.parametrize(
    ("path", "headers", "offered"),
    [
        (PATH, {}, None),
        (f"{PATH}?token=", {}, None),
        (f"{PATH}?token={TOKEN}x", {}, None),
        (f"{PATH}?token=%FF%00", {}, None),
        (PATH, {"Authorization": TOKEN}, None),
        (PATH, {"Authorization": f"Basic {TOKEN}"}, None),
        (PATH, {}, ["flashyard.v1", "bearer.wrong"]),
        (PATH, {}, ["flashyard.v1"]),
    ],
)
async def test_a_bad_or_missing_token_is_accepted_and_then_closed_with_1008(
    guarded: LiveServer, path: str, headers: dict[str, str], offered: list[Subprotocol] | None
) -> None:
    client = await guarded.watch(path, additional_headers=headers, subprotocols=offered)
    with pytest.raises(ConnectionClosed) as caught:
        await client.recv()
    assert caught.value.rcvd is not None
    assert caught.value.rcvd.code == 1008
    assert guarded.live.connected == 0


async def test_a_token_that_is_not_text_is_only_wrong(guarded: LiveServer) -> None:
    raw = RawWebSocket(guarded.port)
    await raw.ask(PATH, {"Authorization": "Bearer \xff\xfe"})
    await raw.frames(until=b"a valid token is needed")
    raw.close()


async def test_a_subprotocol_that_is_not_ours_is_not_chosen(served: LiveServer) -> None:
    client = await served.watch(subprotocols=[Subprotocol("mqtt")])
    assert client.subprotocol is None


async def test_a_client_library_sees_the_status(served: LiveServer) -> None:
    with pytest.raises(InvalidStatus) as caught:
        await connect(served.url("/nowhere"))
    assert caught.value.response.status_code == 404
