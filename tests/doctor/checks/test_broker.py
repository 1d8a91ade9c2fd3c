"""The broker check, against real brokers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flashyard.doctor.checks.broker import broker as check
from flashyard.doctor.checks.broker import mending
from flashyard.doctor.finding import Finding, Level
from flashyard.link import Address, Link
from flashyard.settings import HubSettings
from support.authority import Authority
from support.broker_process import Broker, free_port
from support.brokers import broker
from support.guarded import Guarded, guarded
from support.mosquitto import NAME, tls_mosquitto

__all__ = ["broker", "guarded"]


async def found(url: str, *, is_told: bool = True, hub_runs: bool = False, **more: Any) -> Finding:
    settings = HubSettings(broker=url, **more)
    return await check(settings, is_told=is_told, hub_runs=hub_runs)


async def test_a_broker_that_lets_everyone_in_is_well(broker: Broker) -> None:
    for more in (dict[str, Any](), {"hub_id": "bench-a"}):
        told = await found(broker.url, **more)
        assert (told.level, told.command) == (Level.OK, None)


async def test_a_hub_with_its_login_is_let_in(guarded: Guarded) -> None:
    told = await found(f"mqtt://bench-a:{guarded.secrets['bench-a']}@127.0.0.1:{guarded.port}")
    assert told.level is Level.OK
    assert "bench-a" in told.sentence
    assert guarded.secrets["bench-a"] not in told.sentence


@pytest.mark.parametrize(
    ("login", "words", "command"),
    [
        ("", "wants a user", "flashyard access add hub NAME"),
        ("bench-a:wrong@", "password is another", "flashyard access add hub bench-a"),
    ],
)
async def test_a_login_that_does_not_fit_is_a_problem_in_our_words(
    guarded: Guarded, login: str, words: str, command: str
) -> None:
    told = await found(f"mqtt://{login}127.0.0.1:{guarded.port}")
    assert told.level is Level.PROBLEM
    assert words in told.sentence
    assert "wrong" not in told.sentence
    assert told.command == command


async def test_a_local_broker_that_nobody_named_and_that_asks_for_a_login_is_no_problem_yet(
    guarded: Guarded,
) -> None:
    told = await found(f"mqtt://127.0.0.1:{guarded.port}", is_told=False)
    assert told.level is Level.UNKNOWN
    assert "asks for a login" in told.sentence


async def test_a_hub_that_runs_here_is_not_put_off(guarded: Guarded) -> None:
    url = f"mqtt://bench-a:{guarded.secrets['bench-a']}@127.0.0.1:{guarded.port}"
    async with Link(url, "bench-a", on_message=lambda *_: None) as link:
        await link.wait_until_up(10.0)
        told = await found(url, hub_runs=True)
        assert told.level is Level.OK
        assert "its login was not tried" in told.sentence
        assert await link.publish_and_confirm("flashyard/v1/bench-a/presence", b"")
        assert link.connections == 1


async def test_where_nobody_answers_it_is_a_problem_if_a_broker_was_named() -> None:
    url = f"mqtt://127.0.0.1:{free_port()}"
    told = await found(url)
    assert told.level is Level.PROBLEM
    assert "refused" in told.sentence
    told = await found(url, is_told=False)
    assert (told.level, told.command) == (Level.UNKNOWN, "flashyard up")


async def test_a_broker_of_another_authority_and_one_without_tls_are_told_apart(
    tmp_path: Path, broker: Broker
) -> None:
    authority = Authority(tmp_path / "authority")
    async with tls_mosquitto(tmp_path, authority.certify(NAME)) as secure:
        told = await found(secure.url)
        assert "not trusted" in told.sentence
        assert told.command == "flashyard hub --broker-ca FILE"
        assert (await found(secure.url, broker_ca=authority.ca)).level is Level.OK
        plain = secure.url.replace("mqtts://", "mqtt://")
        told = await found(plain)
        assert told.command == f"flashyard hub --broker {secure.url}"
    told = await found(broker.url.replace("mqtt://", "mqtts://"))
    assert told.level is Level.PROBLEM
    assert "TLS" in told.sentence


@pytest.mark.parametrize(
    ("reason", "command"),
    [
        ("the host is not known: Name or service not known", "getent hosts far"),
        ("no answer within 2 s", "flashyard broker --listen far:1884"),
        (
            "its certificate is not valid yet; is this machine's clock right?",
            "sudo timedatectl set-ntp true",
        ),
        (
            "it wants a client certificate (--broker-cert)",
            "flashyard hub --broker-cert FILE --broker-key FILE",
        ),
    ],
)
def test_what_the_link_says_tells_what_to_do(reason: str, command: str) -> None:
    assert mending(reason, Address.parse("mqtts://far:1884"), "bench-a") == command


async def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    told = await found("mqtts://127.0.0.1:1", broker_ca=tmp_path / "none.pem")
    assert told.level is Level.PROBLEM
    assert told.command == f"ls -l {tmp_path / 'none.pem'}"
