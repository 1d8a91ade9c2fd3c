"""In an original's place: the same ports, paths, probes and errors, and doors that are shut."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from support.drop_in import PATH, DropIn, pinged
from support.raw_websocket import RawWebSocket

pytestmark = pytest.mark.asyncio(loop_scope="module")

PAGE = {"Origin": "http://localhost:5173"}  # the frontend's development server


# Ports and paths


async def test_each_port_serves_http_and_websocket_as_the_python_server_did(
    drop_in: DropIn,
) -> None:
    for base in (drop_in.first, drop_in.last):
        async with httpx.AsyncClient(base_url=base) as http:
            assert (await http.get("/health")).status_code == 200
            assert (await http.get("/api/flash/jobs")).status_code == 200
        async with connect(base.replace("http", "ws") + PATH) as socket:
            assert [told["type"] for told in await pinged(socket)] == ["pong"]


async def test_of_two_ports_health_reports_the_last_as_the_websockets_as_the_node_server_did(
    drop_in: DropIn,
) -> None:
    for base in (drop_in.first, drop_in.last):
        async with httpx.AsyncClient(base_url=base) as http:
            told = (await http.get("/health")).json()
        assert told["websocket"]["port"] == httpx.URL(drop_in.last).port


async def test_a_port_without_a_host_is_both_loopbacks(drop_in: DropIn) -> None:
    port = httpx.URL(drop_in.last).port
    for host in ("127.0.0.1", "[::1]", "localhost"):
        async with httpx.AsyncClient() as http:
            assert (await http.get(f"http://{host}:{port}/health")).status_code == 200
        async with connect(f"ws://{host}:{port}{PATH}") as socket:
            await pinged(socket)


@pytest.mark.parametrize(
    "path",
    [
        "/flash-progress",
        "/ws/flash-progress",
        "/ws/flash-progress/job_1703001234_abc123",
        "/flash-progress?token=whatever",
    ],
)
async def test_a_websocket_path_of_the_originals_opens_and_says_nothing_of_itself(
    drop_in: DropIn, path: str
) -> None:
    async with drop_in.watch(path) as socket:
        assert [told["type"] for told in await pinged(socket)] == ["pong"]


@pytest.mark.parametrize(
    "path", ["/", "/ws", "/flash-progress/", "/socket.io/", "/health", "/ws/flash", "/nowhere"]
)
async def test_any_other_path_is_404_at_the_handshake(drop_in: DropIn, path: str) -> None:
    with pytest.raises(InvalidStatus) as caught:
        await drop_in.watch(path)
    assert caught.value.response.status_code == 404
    assert caught.value.response.headers["Content-Type"] == "application/json"


# Probes


async def test_health_has_the_originals_fields_and_tells_what_is_so(drop_in: DropIn) -> None:
    async with drop_in.watch(), drop_in.watch():
        answer = await drop_in.http.get("/health")
    told = answer.json()
    assert answer.status_code == 200
    assert told["status"] == "ok"
    assert set(told["websocket"]) == {"port", "connected_clients"}
    assert told["websocket"]["connected_clients"] == 2
    assert told["active_jobs"] == 0
    added = {"broker", "database", "history", "audit", "hubs", "troubles"}
    assert set(told) - {"status", "websocket", "active_jobs"} == added
    assert told["troubles"] == []
    await drop_in.until_alone()


async def test_the_frontends_gate_opens(drop_in: DropIn) -> None:
    answer = await drop_in.http.get("/api/v1/ready", headers=PAGE)
    assert answer.status_code == 200
    told = answer.json()
    assert told["ok"] is True
    assert {"serverVersion", "apiVersion", "featureFlags", "requiredFrontendMinVersion"} <= {*told}
    assert isinstance(told["timestamp"], int)
    assert answer.headers["access-control-allow-origin"] == PAGE["Origin"]


async def test_a_page_on_another_loopback_port_may_start_jobs_and_watch(drop_in: DropIn) -> None:
    asked = {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    preflight = await drop_in.http.options("/api/flash/start", headers=PAGE | asked)
    assert preflight.is_success
    assert "POST" in preflight.headers["access-control-allow-methods"]
    assert preflight.headers["access-control-allow-headers"] == "content-type"
    assert "access-control-allow-credentials" not in preflight.headers
    async with drop_in.watch(origin=PAGE["Origin"]) as socket:
        await pinged(socket)


async def test_the_api_documents_itself(drop_in: DropIn) -> None:
    assert (await drop_in.http.get("/docs")).headers["content-type"].startswith("text/html")
    paths = (await drop_in.http.get("/openapi.json")).json()["paths"]
    assert {"/api/flash/start", "/api/flash/demo", "/api/flash/jobs", "/health"} <= set(paths)


# Errors


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/api", 404),
        ("GET", PATH, 404),
        ("GET", "/api/flash/start", 405),
        ("POST", "/api/flash/jobs", 405),
        ("DELETE", "/health", 405),
        ("PUT", "/api/flash/demo", 405),
    ],
)
async def test_a_wrong_path_or_method_is_an_error_in_json_and_never_a_page(
    drop_in: DropIn, method: str, path: str, status: int
) -> None:
    answer = await drop_in.http.request(method, path)
    told = answer.json()
    assert answer.status_code == status
    assert isinstance(told["error"], str)
    assert isinstance(told["code"], str)


async def test_what_is_no_http_is_an_error_in_json_too(drop_in: DropIn) -> None:
    raw = RawWebSocket(drop_in.port)
    await raw.send(b"POST /api/flash/start HTTP/1.1\r\nContent-Length: many\r\n\r\n")
    status, _, told = await raw.answer()
    assert (status, told["code"]) == (400, "invalid_request")


# Doors: the originals let any page of the web start and watch jobs


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost.evil.example"},
        {"Host": "evil.example"},
        {"Host": "evil.example:8000"},
    ],
)
async def test_pages_of_other_sites_and_rebound_names_are_refused_everywhere(
    drop_in: DropIn, headers: dict[str, Any]
) -> None:
    before = (await drop_in.http.get("/api/flash/jobs?status=all")).json()
    for method, path in (
        ("POST", "/api/flash/demo"),
        ("POST", "/api/flash/start"),
        ("GET", "/api/flash/jobs"),
        ("GET", "/health"),
        ("GET", "/"),
        ("OPTIONS", "/api/flash/start"),
    ):
        answer = await drop_in.http.request(method, path, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed"), path
        assert "access-control-allow-origin" not in answer.headers
    raw = RawWebSocket(drop_in.port)
    await raw.ask(PATH, headers)
    status, _, told = await raw.answer()
    assert (status, told["code"]) == (403, "not_allowed")
    assert (await drop_in.http.get("/api/flash/jobs?status=all")).json() == before


async def test_a_form_of_another_site_cannot_start_anything(drop_in: DropIn) -> None:
    for path in ("/api/flash/start", "/api/flash/demo"):
        answer = await drop_in.http.post(path, data={"deviceId": "PIXEL6_001"})
        assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
    assert (await drop_in.http.get("/api/flash/jobs")).json() == {"jobs": []}
