"""The doors of HTTP: Host, browser Origin, token; and what a token file must hold."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from flashyard_bridge.gate import Doors, bearer
from support.brokers import free_port
from support.served import served_bridge

TOKEN = "s3cret-T0ken"
NOBODY = f"mqtt://127.0.0.1:{free_port()}"


@asynccontextmanager
async def _http(tmp_path: Path, token: str | None = None) -> AsyncIterator[httpx.AsyncClient]:
    async with served_bridge(NOBODY, tmp_path / "images", token=token) as served:
        yield served.http


async def test_rebinding_and_foreign_pages_are_refused_with_our_error_shape(
    tmp_path: Path,
) -> None:
    async with _http(tmp_path) as http:
        for headers in (
            {"Host": "evil.example"},
            {"Host": "evil.example:8000"},
            {"Origin": "http://evil.example"},
            {"Origin": "null"},
            {"Origin": "http://localhost.evil.example"},
        ):
            for method, path in (("GET", "/health"), ("POST", "/api/flash/demo"), ("GET", "/")):
                reply = await http.request(method, path, headers=headers)
                assert reply.status_code == 403, headers
                assert reply.json()["code"] == "not_allowed"
                assert "access-control-allow-origin" not in reply.headers


async def test_a_second_page_is_one_too_many(tmp_path: Path) -> None:
    twice = [("Origin", "http://localhost"), ("Origin", "http://evil.example")]
    async with _http(tmp_path) as http:
        reply = await http.get("/health", headers=twice)
        assert (reply.status_code, reply.json()["code"]) == (403, "not_allowed")


async def test_a_page_of_another_loopback_port_may_ask_and_read(tmp_path: Path) -> None:
    async with _http(tmp_path) as http:
        origin = {"Origin": "http://localhost:5173"}
        reply = await http.get("/api/v1/ready", headers=origin)
        assert reply.headers["access-control-allow-origin"] == "http://localhost:5173"
        assert "access-control-allow-credentials" not in reply.headers
        asked = {
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type,idempotency-key",
        }
        reply = await http.options("/api/flash/start", headers=origin | asked)
        assert (reply.status_code, reply.content) == (204, b"")
        assert "POST" in reply.headers["access-control-allow-methods"]
        assert "idempotency-key" in reply.headers["access-control-allow-headers"]
        asked["Access-Control-Request-Method"] = "PUT"
        reply = await http.options("/api/flash/start", headers=origin | asked)
        assert (reply.status_code, reply.json()["code"]) == (400, "invalid_request")


async def test_with_a_token_all_but_the_probes_and_the_page_need_it(tmp_path: Path) -> None:
    async with _http(tmp_path, TOKEN) as http:
        for path in ("/health", "/api/v1/ready", "/", "/static/main.js"):
            assert (await http.get(path)).status_code in {200, 503}, path
        for path in ("/openapi.json", "/docs", "/api/images", "/healthz", "/static"):
            reply = await http.get(path)
            assert reply.status_code == 401, path
            assert reply.headers["www-authenticate"] == "Bearer"
            assert reply.json()["code"] == "not_allowed"
        assert (await http.post("/api/flash/demo")).status_code == 401
        for wrong in ("", TOKEN, f"Bearer {TOKEN}x", f"Basic {TOKEN}", "Bearer \xff"):
            headers = [(b"authorization", wrong.encode("latin-1"))]
            assert (await http.get("/openapi.json", headers=headers)).status_code == 401, wrong
        right = {"Authorization": f"Bearer {TOKEN}"}
        assert (await http.get("/openapi.json", headers=right)).status_code == 200


async def test_a_refused_page_of_an_allowed_origin_can_read_why(tmp_path: Path) -> None:
    async with _http(tmp_path, TOKEN) as http:
        reply = await http.get("/api/images", headers={"Origin": "http://localhost:5173"})
        assert reply.status_code == 401
        assert reply.headers["access-control-allow-origin"] == "http://localhost:5173"


async def test_a_token_in_the_query_is_for_websockets_only(tmp_path: Path) -> None:
    async with _http(tmp_path, TOKEN) as http:
        assert (await http.get(f"/openapi.json?token={TOKEN}")).status_code == 401


async def test_a_hubs_signed_download_needs_no_token(tmp_path: Path) -> None:
    async with served_bridge(NOBODY, tmp_path / "images", token=TOKEN) as served:
        query = served.state.images.signature.sign("a" * 64, "bench-a")
        reply = await served.http.get(f"/api/images/{'a' * 64}?{query}")
        assert reply.status_code == 404, "let in; there is no such image"
        reply = await served.http.get(f"/api/images/{'b' * 64}?{query}")
        assert reply.status_code == 401


def test_beyond_loopback_listeners_any_host_name_may_be_used() -> None:
    doors = Doors((), frozenset(), loopback=frozenset({("127.0.0.1", 8000)}))
    assert doors.refusal(["bench.lan"], [], ("192.0.2.1", 8000)) is None
    assert doors.refusal(["bench.lan"], [], ("127.0.0.1", 8000)) is not None
    assert doors.refusal(["localhost", "bench.lan"], [], ("127.0.0.1", 8000)) is not None


@pytest.mark.parametrize(
    ("header", "token"),
    [("Bearer t", "t"), ("bearer t", "t"), ("Basic t", None), ("t", None), (None, None)],
)
def test_a_bearer_token_is_what_follows_the_scheme(header: str | None, token: str | None) -> None:
    assert bearer(header) == token
