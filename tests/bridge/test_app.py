"""The whole bridge, started as the command line starts it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect

from flashyard.contract.faults import Code, FaultError
from flashyard.settings import BridgeSettings
from flashyard_bridge.bridge import Bridge
from support.brokers import free_port
from support.mqtt_peer import DISCONNECT, PUBLISH, MqttPeer, mqtt_peer
from support.waiting import until

NOBODY = f"mqtt://127.0.0.1:{free_port()}"


@asynccontextmanager
async def _bridge(tmp_path: Path, **settings: Any) -> AsyncIterator[list[str]]:
    """Serve until the end; yields the URLs of the ready line."""
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    told = BridgeSettings(**{"broker": NOBODY, "data_dir": tmp_path, "listen": ":0", **settings})
    serving = asyncio.create_task(Bridge(told).serve(ready.set_result))
    try:
        await until(lambda: serving.done() or ready.done())
        if serving.done():
            await serving
        yield ready.result().split()
    finally:
        serving.cancel()
        await asyncio.wait([serving])


async def test_every_listener_serves_everything_and_health_names_the_last_port(
    tmp_path: Path,
) -> None:
    async with _bridge(tmp_path, listen=":0,127.0.0.1:0") as urls, httpx.AsyncClient() as http:
        first, last = urls
        port = int(first.rsplit(":", 1)[1])
        for base in (first, f"http://[::1]:{port}", f"http://localhost:{port}", last):
            health = (await http.get(f"{base}/health")).json()
            assert health["websocket"]["port"] == int(last.rsplit(":", 1)[1])
            async with connect(base.replace("http", "ws") + "/flash-progress") as client:
                await client.send('{"type":"ping"}')
                assert "pong" in str(await client.recv())


async def test_the_probes_answer_though_the_broker_swallows_every_packet(tmp_path: Path) -> None:
    async with (
        mqtt_peer(MqttPeer(connack=None)) as peer,
        _bridge(tmp_path, broker=peer.url) as [url],
        httpx.AsyncClient(base_url=url) as http,
    ):
        health = await http.get("/health")
        assert (health.status_code, health.json()["status"]) == (503, "degraded")
        ready = await http.get("/api/v1/ready")
        assert (ready.status_code, ready.json()["ok"]) == (503, False)


async def test_a_bridge_that_is_stopped_says_goodbye_to_its_broker(tmp_path: Path) -> None:
    async with mqtt_peer(MqttPeer()) as peer:
        async with _bridge(tmp_path, broker=peer.url):
            await until(lambda: peer.of_type(PUBLISH))  # its announce
            assert not peer.of_type(DISCONNECT)
        await until(lambda: peer.of_type(DISCONNECT))


async def test_errors_are_json_whatever_was_asked(tmp_path: Path) -> None:
    async with _bridge(tmp_path) as [url], httpx.AsyncClient(base_url=url) as http:
        for method, path, status, code in (
            ("GET", "/nowhere", 404, "not_found"),
            ("GET", "/static/nowhere.js", 404, "not_found"),
            ("GET", "/static/../app.py", 404, "not_found"),
            ("DELETE", "/health", 405, "method_not_allowed"),
            ("GET", "/flash-progress", 404, "not_found"),
        ):
            reply = await http.request(method, path)
            assert (reply.status_code, reply.json()["code"]) == (status, code), path


async def test_the_documentation_works_without_the_internet(tmp_path: Path) -> None:
    async with _bridge(tmp_path) as [url], httpx.AsyncClient(base_url=url) as http:
        page = (await http.get("/docs")).text
        assert "https://" not in page
        assert (await http.get("/static-offline-docs/swagger-ui-bundle.js")).status_code == 200
        assert "/api/flash/start" in (await http.get("/openapi.json")).json()["paths"]


async def test_allowed_origins_are_taken_as_people_write_them(tmp_path: Path) -> None:
    async with (
        _bridge(tmp_path, allow_origin="HTTPS://Lab.Example/,http://b.example") as [url],
        httpx.AsyncClient(base_url=url) as http,
    ):
        for origin, status in (
            ("https://lab.example", 503),
            ("http://b.example", 503),
            ("http://c.example", 403),
        ):
            reply = await http.get("/health", headers={"Origin": origin})
            assert reply.status_code == status
            assert reply.headers.get("access-control-allow-origin") in {origin, None}


async def test_a_taken_port_is_a_refusal_and_nothing_is_left_open(tmp_path: Path) -> None:
    async with _bridge(tmp_path / "a", listen="127.0.0.1:0") as [url]:
        with pytest.raises(FaultError) as caught:
            async with _bridge(tmp_path / "b", listen=url.removeprefix("http://")):
                pass
    assert caught.value.fault.code is Code.PORT_IN_USE


async def test_a_token_file_closes_the_doors_of_all_listeners(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("s3cret\n")
    async with (
        _bridge(tmp_path, token_file=path, listen="0.0.0.0:0") as [url],
        httpx.AsyncClient(base_url=url.replace("0.0.0.0", "127.0.0.1")) as http,
    ):
        assert (await http.get("/api/images")).status_code == 401
        headers = {"Authorization": "Bearer s3cret", "Host": "bench.lan"}
        assert (await http.get("/api/images", headers=headers)).status_code == 200
