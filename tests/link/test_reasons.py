"""What a person reads of a link that is down: what to look at, and nothing that misleads."""

from __future__ import annotations

from pathlib import Path

import pytest

from flashyard.contract.topics import bridge_filters
from flashyard.link import Link, client_context
from flashyard_broker.tls import server_context
from support.authority import Authority
from support.brokers import Broker
from support.guarded import Ours, ours
from support.listener import Listener
from support.mosquitto import NAME, tls_mosquitto
from support.mqtt_peer import MqttPeer, mqtt_peer
from support.waiting import until

__all__ = ["ours"]

WITHIN = 10.0
TWICE = "does another client use the id"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "authority")


async def reason_of(link: Link) -> str:
    async with link:
        await until(lambda: link.down_reason != "not connected yet")
        assert not link.is_up
        return link.down_reason


async def test_a_refused_certificate_is_told_for_whom_one_is_enough(authority: Authority) -> None:
    shown, mine = authority.certify(NAME), authority.certify("wall")
    served = server_context(shown.cert, shown.key, authority.ca)
    tls = client_context(authority.ca, mine.cert, mine.key)
    async with mqtt_peer(MqttPeer(connack=5), ssl=served) as peer:
        url = f"mqtts://{NAME}:{peer.port}"
        told = await reason_of(Listener().link(url, "bridge", tls=tls))
        named = url.replace("://", "://wall:secret@")
        told_with_user = await reason_of(Listener().link(named, "wall", tls=tls))
    assert "--broker has none" in told
    assert "a certificate alone is enough for a hub whose --hub-id is its common name" in told
    assert "certificate" not in told_with_user


async def test_one_who_speaks_no_tls_to_a_port_with_it_is_asked_whether_it_should(
    tmp_path: Path, authority: Authority
) -> None:
    async with tls_mosquitto(tmp_path, authority.certify(NAME)) as broker:
        told = await reason_of(Listener().link(f"mqtt://127.0.0.1:{broker.port}", "hub"))
    assert "does it want TLS there (mqtts://)?" in told


async def test_a_user_of_another_role_is_told_which_one_is_needed(ours: Ours) -> None:
    url = f"mqtt://bench-a:{ours.secrets['bench-a']}@127.0.0.1:{ours.port}"
    told = await reason_of(Listener().link(url, "bench-a", *bridge_filters(), owner="bridge"))
    assert told == (
        "the broker refused the subscription to flashyard/v1/+/presence and 6 more; "
        "the user in --broker must be a bridge's"
    )


async def test_one_without_a_user_is_told_that_it_may_need_one() -> None:
    async with mqtt_peer(MqttPeer(suback=0x80)) as peer:
        told = await reason_of(Listener().link(peer.url, "hub", ("yard/#", 1), owner="hub"))
    assert told.endswith("the subscription to yard/#; it may want a hub's user in --broker")


async def test_two_of_one_id_that_put_each_other_off_are_asked_whether_they_are(
    broker: Broker,
) -> None:
    links = [Listener().link(broker.url, "same") for _ in range(2)]
    async with links[0], links[1]:
        await until(lambda: any(f"{TWICE} same" in each.down_reason for each in links), within=30)


async def test_a_connection_that_is_lost_once_is_nobodys_fault() -> None:
    listener = Listener()
    async with mqtt_peer(MqttPeer()) as peer, listener.link(peer.url, "hub") as link:
        for number, is_asked in enumerate((False, True), start=1):
            await until(lambda number=number: link.is_up and link.connections == number)  # type: ignore[misc] # bound now
            peer.hang_up()
            await until(lambda number=number: listener.story.count("down") == number)  # type: ignore[misc] # bound now
            assert "the connection broke" in link.down_reason
            assert (TWICE in link.down_reason) == is_asked
