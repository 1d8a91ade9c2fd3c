"""The roles as processes: one `ready` line, one process per directory, a stop in order."""

from __future__ import annotations

import signal
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from flashyard.endpoint import Endpoint
from flashyard.link import Link
from support.processes import flashyard, serving


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[str]:
    """The URL of a broker of ours."""
    directory = tmp_path / "brokers"
    async with serving("broker", "--listen", "127.0.0.1:0", "--data-dir", directory) as running:
        yield running.ready[0]


async def test_a_broker_serves_and_stops_in_order(tmp_path: Path) -> None:
    arguments = ("broker", "--listen", "127.0.0.1:0", "--listen", ":0", "--data-dir", tmp_path)
    async with serving(*arguments) as running:
        addresses = [Endpoint.parse(url.removeprefix("mqtt://")) for url in running.ready]
        assert addresses[0].host == addresses[1].host == "127.0.0.1"
        assert all(address.port for address in addresses)
        async with Link(running.ready[0], "probe", on_message=lambda *_: None) as link:
            await link.wait_until_up(10.0)
        running.send(signal.SIGTERM)
        assert await running.ended() == 0
        assert running.out.count("\n") == 1


async def test_ctrl_c_is_a_stop_in_order_too_and_says_so(tmp_path: Path) -> None:
    async with serving("broker", "--listen", "127.0.0.1:0", "--data-dir", tmp_path) as running:
        running.send(signal.SIGINT)
        assert await running.ended() == 130


async def test_a_bridge_prints_its_actual_address_and_answers_there(
    broker: str, tmp_path: Path
) -> None:
    arguments = ("bridge", "--broker", broker, "--listen", "127.0.0.1:0", "--data-dir", tmp_path)
    async with serving(*arguments) as running:
        (url,) = running.ready
        finished = await flashyard("ls", "hubs", "--url", url)
        assert finished.status == 0, finished.err
        running.send(signal.SIGTERM)
        assert await running.ended() == 0
    assert (tmp_path / "bridge").is_dir()
    assert (tmp_path / "images").is_dir()


async def test_a_hub_prints_the_broker_without_credentials_and_is_who_they_are_for(
    broker: str, tmp_path: Path
) -> None:
    secret = broker.replace("mqtt://", "mqtt://me:secret@")
    async with serving("hub", "--broker", secret, "--data-dir", tmp_path) as running:
        assert running.ready == (broker, "me")
        running.send(signal.SIGTERM)
        assert await running.ended() == 0
        assert "secret" not in running.out + running.err


async def test_a_hub_without_credentials_has_a_name_that_it_keeps(
    broker: str, tmp_path: Path
) -> None:
    names = []
    for _ in range(2):
        async with serving("hub", "--broker", broker, "--data-dir", tmp_path) as running:
            assert running.ready[0] == broker
            names.append(running.ready[1])
    assert names[0] == names[1]


async def test_two_of_a_kind_cannot_share_a_directory(tmp_path: Path) -> None:
    arguments = ("broker", "--listen", "127.0.0.1:0", "--data-dir", tmp_path)
    async with serving(*arguments):
        finished = await flashyard(*arguments)
    assert finished.status == 1
    assert "in use by another flashyard process" in finished.err
    assert "hint: " in finished.err
    assert finished.out == ""


@pytest.mark.parametrize("role", ["broker", "bridge"])
async def test_a_port_that_is_taken_is_told_and_no_other_is_taken(
    tmp_path: Path, role: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        finished = await flashyard(
            *(role, "--listen", address, "--data-dir", tmp_path),
            env={"FLASHYARD_BRIDGE_BROKER": "mqtt://127.0.0.1:1"},
        )
    assert finished.status == 1
    assert address in finished.err
    assert "already in use" in finished.err
    assert finished.out == ""


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (
            ["broker", "--listen", "0.0.0.0:0", "--credentials", "/nowhere"],
            "/nowhere cannot be read",
        ),
        (["broker", "--listen", "nonsense"], "HOST:PORT"),
        (["broker", "--listen", "0.0.0.0:0"], "--credentials"),
        (["broker", "--tls-cert", "/c"], "--tls-key"),
        (["broker", "--client-ca", "/c"], "--tls-cert"),
        (["broker", "--tls-cert", "/nowhere", "--tls-key", "/k"], "--tls-cert: /nowhere cannot be"),
        (["broker", "--credentials", "/nowhere"], "/nowhere"),
        (["bridge", "--broker", "mqtt://h", "--listen", "0.0.0.0:0"], "--token-file"),
        (["bridge", "--broker", "mqtt://h", "--database", "sqlite://"], "--database"),
        (["bridge"], "--broker is required"),
        (["hub", "--broker", "mqtt://h", "--fastboot-tcp", "X"], "ID=HOST:PORT"),
        (["hub", "--broker", "amqp://h"], "mqtt://"),
        (["hub", "--broker", "mqtts://h", "--broker-ca", "/nowhere"], "--broker-ca: /nowhere"),
        (["bridge", "--broker", "mqtts://h", "--broker-cert", "/c"], "--broker-key"),
        (["bridge", "--broker", "mqtt://h", "--broker-ca", "/c"], "mqtts://HOST:PORT"),
        (["hub", "--broker", "mqtt://a:b@h", "--hub-id", "other"], "--hub-id"),
        (["hub", "--broker", "mqtt://h", "--part-size", "4G"], "--part-size"),
        (["hub", "--unheard-of"], "--unheard-of"),
        (["up", "--broker", "mqtt://a:b@h"], "--hub-broker"),
        (["up", "--hub-broker", "mqtt://a:b@h"], "needs --broker"),
        (["up", "--broker", "mqtt://h", "--mqtt", "127.0.0.1:0"], "--mqtt is for the broker that"),
        (
            ["up", "--broker", "mqtts://h", "--tls-cert", "/c", "--tls-key", "/k"],
            "--tls-cert is for the broker that",
        ),
        (["up", "--tls-cert", "/c"], "--tls-key"),
        (["up", "--tls-cert", "/c", "--tls-key", "/k", "--client-ca", "/a"], "--broker-cert"),
        (
            [
                *("up", "--broker", "mqtt://office:b@h", "--hub-broker", "mqtt://bench-a:b@h"),
                *("--hub-id", "bench-b"),
            ],
            "--hub-id is bench-b",
        ),
        (["up", "--broker-ca", "/c"], "mqtts://HOST:PORT"),
        (["up", "--part-size", "1K"], "--part-size"),
        (["up", "--listen", "0.0.0.0:0"], "--token-file"),
        (["up", "--demo", "--fastboot-tcp", "PIXEL6_001=h:1"], "PIXEL6_001"),
    ],
)
async def test_a_wrong_start_is_one_sentence_and_exit_status_two(
    tmp_path: Path, arguments: list[str], word: str
) -> None:
    finished = await flashyard(*arguments, "--data-dir", tmp_path)
    assert finished.status == 2, finished.err
    assert word in finished.err
    assert finished.err.startswith("flashyard: ")
    assert finished.err.count("flashyard: ") == 1
    assert finished.out == ""


async def test_an_unknown_key_in_the_settings_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "flashyard.toml"
    path.write_text("[hub]\nbroker = 'mqtt://h'\nmax_paralel = 3\n")
    finished = await flashyard("--config", path, "hub", "--data-dir", tmp_path)
    assert finished.status == 2
    assert "max_paralel" in finished.err
    assert "Did you mean 'max_parallel'?" in finished.err
