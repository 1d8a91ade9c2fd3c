"""The broker's doors beyond this machine, and what a hub and a bridge need to pass them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from flashyard.client.bridge import Bridge
from flashyard.endpoint import Endpoint
from flashyard.link import Link
from support.authority import Authority
from support.processes import Running, flashyard, serving
from support.waiting import until

WITHIN = 20.0
NAME = "localhost"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "authority")


async def secret_of(role: str, name: str, data_dir: Path) -> str:
    finished = await flashyard("access", "add", role, name, "--data-dir", data_dir)
    assert finished.status == 0, finished.err
    return finished.out.strip()


@asynccontextmanager
async def public_broker(data_dir: Path, *more: str | Path) -> AsyncIterator[Running]:
    arguments = ("broker", "--listen", "0.0.0.0:0", "--data-dir", data_dir, *more)
    async with serving(*arguments) as running:
        yield running


def near(url: str) -> Endpoint:
    return Endpoint(NAME, Endpoint.parse(url.rpartition("://")[2]).port)


async def test_a_hub_and_a_bridge_with_credentials_meet_at_a_broker_behind_tls(
    tmp_path: Path, authority: Authority
) -> None:
    shown, mine = authority.certify(NAME), authority.certify("hub.yard")
    hub, bridge = [
        await secret_of(*who, tmp_path / "b") for who in (("hub", "bench-a"), ("bridge", "wall"))
    ]
    tls = ("--tls-cert", shown.cert, "--tls-key", shown.key, "--client-ca", authority.ca)
    trust = ("--broker-ca", authority.ca, "--broker-cert", mine.cert, "--broker-key", mine.key)
    async with public_broker(tmp_path / "b", *tls) as broker:
        assert broker.ready[0].startswith("mqtts://0.0.0.0:")
        assert "travel in clear" not in broker.err
        place = near(broker.ready[0])
        async with (
            serving(
                *("bridge", "--listen", "127.0.0.1:0", "--data-dir", tmp_path, *trust),
                env={"FLASHYARD_BRIDGE_BROKER": f"mqtts://wall:{bridge}@{place}"},
            ) as web,
            serving(
                *("hub", "--data-dir", tmp_path, *trust),
                env={"FLASHYARD_HUB_BROKER": f"mqtts://bench-a:{hub}@{place}"},
            ) as bench,
        ):
            assert bench.ready == (f"mqtts://{place}", "bench-a")
            async with Bridge(web.ready[0]) as client:
                assert [each.hub_id for each in await client.hubs() if each.online] == ["bench-a"]
            for said in (broker, web, bench):
                assert hub not in said.out + said.err
                assert bridge not in said.out + said.err


async def test_a_hub_is_known_by_its_certificate_alone(
    tmp_path: Path, authority: Authority
) -> None:
    await secret_of("hub", "bench-a", tmp_path / "b")
    shown = authority.certify(NAME)
    mine = authority.certify("hub.yard", common_name="bench-a")
    tls = ("--tls-cert", shown.cert, "--tls-key", shown.key, "--client-ca", authority.ca)
    trust = ("--broker-ca", authority.ca, "--broker-cert", mine.cert, "--broker-key", mine.key)
    async with public_broker(tmp_path / "b", *tls) as broker:
        url = f"mqtts://{near(broker.ready[0])}"
        async with serving(
            *("hub", "--hub-id", "bench-a", "--broker", url, "--data-dir", tmp_path, *trust)
        ) as running:
            assert running.ready == (url, "bench-a")


async def test_without_tls_a_broker_beyond_this_machine_says_what_that_means(
    tmp_path: Path,
) -> None:
    await secret_of("hub", "bench-a", tmp_path)
    async with public_broker(tmp_path) as broker:
        await until(lambda: "travel in clear" in broker.err)
        assert broker.ready[0].startswith("mqtt://0.0.0.0:")
        url = f"mqtt://bench-a:wrong@{near(broker.ready[0])}"
        async with Link(url, "bench-a", on_message=lambda *_: None) as link:
            await until(lambda: "does not know the user" in link.down_reason)


async def test_up_makes_logins_of_its_own_where_its_broker_is_for_others_too(
    tmp_path: Path,
) -> None:
    arguments = ("--listen", "127.0.0.1:0", "--mqtt", "0.0.0.0:0", "--hub-id", "bench-a")
    secrets = [tmp_path / role / "broker-secret" for role in ("bridge", "hub")]
    kept = []
    for _ in range(2):
        async with serving("up", *arguments, "--data-dir", tmp_path) as running:
            async with Bridge(running.ready[0]) as client:
                assert [each.hub_id for each in await client.hubs()] == ["bench-a"]
            kept.append([each.read_text().strip() for each in secrets])
            words = [psutil.Process(pid).cmdline() for pid in running.children().values()]
            for secret in kept[-1]:
                assert secret not in running.out + running.err + str(words)
            async with Link(
                f"mqtt://{near(running.ready[1])}", "stranger", on_message=lambda *_: None
            ) as link:
                await until(lambda: "wants a user and a password" in link.down_reason)
    assert kept[0] == kept[1]
    assert all(each.stat().st_mode & 0o777 == 0o600 for each in secrets)


async def test_all_of_up_speaks_tls_where_it_has_a_certificate(
    tmp_path: Path, authority: Authority
) -> None:
    shown, mine = authority.certify("127.0.0.1", NAME), authority.certify("ours.yard")
    served = ("--tls-cert", shown.cert, "--tls-key", shown.key, "--client-ca", authority.ca)
    met = ("--broker-ca", authority.ca, "--broker-cert", mine.cert, "--broker-key", mine.key)
    arguments = ("--listen", "127.0.0.1:0", "--mqtt", "0.0.0.0:0", "--hub-id", "bench-a")
    async with serving("up", *arguments, *served, *met, "--data-dir", tmp_path) as running:
        assert running.ready[1].startswith("mqtts://0.0.0.0:")
        assert "travel in clear" not in running.err
        async with Bridge(running.ready[0]) as client:
            assert [each.hub_id for each in await client.hubs() if each.online] == ["bench-a"]


async def test_up_takes_nobodys_name(tmp_path: Path) -> None:
    await secret_of("hub", "bench-a", tmp_path)
    finished = await flashyard(
        *("up", "--mqtt", "0.0.0.0:0", "--hub-id", "bench-a", "--data-dir", tmp_path)
    )
    assert finished.status == 2
    assert "There is a hub named bench-a already." in finished.err


async def test_up_passes_the_door_of_another_broker(tmp_path: Path, authority: Authority) -> None:
    shown = authority.certify(NAME)
    hub, bridge = [
        await secret_of(*who, tmp_path / "b") for who in (("hub", "bench-a"), ("bridge", "wall"))
    ]
    tls = ("--tls-cert", shown.cert, "--tls-key", shown.key)
    async with public_broker(tmp_path / "b", *tls) as broker:
        place = near(broker.ready[0])
        async with serving(
            *("up", "--listen", "127.0.0.1:0", "--broker-ca", authority.ca),
            *("--data-dir", tmp_path),
            env={
                "FLASHYARD_UP_BROKER": f"mqtts://wall:{bridge}@{place}",
                "FLASHYARD_UP_HUB_BROKER": f"mqtts://bench-a:{hub}@{place}",
            },
        ) as running:
            assert running.ready[1] == f"mqtts://{place}"
            assert set(running.children()) == {"bridge", "hub"}
            async with Bridge(running.ready[0]) as client:
                assert [each.hub_id for each in await client.hubs() if each.online] == ["bench-a"]
