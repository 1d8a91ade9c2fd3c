"""A hub's presence: true at all times, defended against the dead, yielded to the first one."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from flashyard.agent.clock import Clock
from flashyard.agent.presence import Presence
from flashyard.agent.timing import Timing
from flashyard.contract.faults import Code, FaultError
from flashyard.contract.limits import Limits
from flashyard.contract.messages import HubChanged
from flashyard.contract.records import Hub
from flashyard.contract.topics import Kind, build
from support.bridge_peer import BridgePeer, now_ms
from support.brokers import Broker
from support.faults import refused
from support.hub_at_work import HUB, HubAtWork, Plug, hub_at_work, new_hub
from support.waiting import until

ME = "mine"


@pytest.fixture
def presence() -> Presence:
    return Presence(HUB, ME, Clock(wall=lambda: 1000.0), Limits(max_parallel=4))


def other(*, online: bool, since: int, session: str = "other") -> Hub:
    return Hub(
        hub_id=HUB,
        online=online,
        session=session,
        since=since,
        version="0",
        limits=Limits(max_parallel=1),
    )


def test_my_own_word_stands_but_my_own_will_does_not(presence: Presence) -> None:
    mine = presence.say(online=True).hub
    assert not presence.contest(mine, retained=False)
    assert presence.contest(mine.with_(online=False), retained=False)


def test_what_a_dead_process_left_is_overwritten(presence: Presence) -> None:
    assert presence.contest(other(online=False, since=1), retained=True)
    assert presence.contest(other(online=True, since=1), retained=True)


def test_a_rival_that_was_first_and_speaks_ends_this_one(presence: Presence) -> None:
    with refused(Code.DUPLICATE_HUB_ID):
        presence.contest(other(online=True, since=999_999), retained=False)


@pytest.mark.parametrize("online", [True, False])
def test_a_rival_that_comes_again_and_again_lives(presence: Presence, *, online: bool) -> None:
    rival = other(online=online, since=1)
    assert presence.contest(rival, retained=True)
    assert presence.contest(rival, retained=True)
    with refused(Code.DUPLICATE_HUB_ID):
        presence.contest(rival, retained=True)


def test_a_broker_that_brings_back_old_words_now_and_then_is_no_rival() -> None:
    now = [0.0]
    clock = Clock(wall=lambda: 1000.0, monotonic=lambda: now[0])
    presence = Presence(HUB, ME, clock, Limits(max_parallel=1))
    for _ in range(10):
        assert presence.contest(other(online=True, since=1), retained=True)
        now[0] += 40.0


def test_a_rival_that_came_later_is_overwritten_however_often_it_speaks(
    presence: Presence,
) -> None:
    for retained in (True, True, True, False):
        assert presence.contest(other(online=True, since=1_000_001), retained=retained)


def test_of_two_that_began_at_once_exactly_one_yields() -> None:
    def begin(session: str) -> Presence:
        return Presence(HUB, session, Clock(wall=lambda: 1000.0), Limits(max_parallel=1))

    def yields(one: Presence, to: Presence) -> bool:
        try:
            one.contest(to.say(online=True).hub, retained=False)
        except FaultError:
            return True
        return False

    a, b = begin("a"), begin("b")
    assert yields(a, b) != yields(b, a)


async def test_a_hub_says_that_it_is_there_and_that_it_goes_on_any_broker(
    broker: Broker, tmp_path: Path
) -> None:
    async with BridgePeer(broker.url) as peer:
        async with hub_at_work(broker.url, tmp_path, {}) as work:
            await peer.online()
            assert work.ready == f"mqtt://127.0.0.1:{broker.port} {HUB}"
            assert peer.hub is not None
            assert peer.hub.session == work.hub.session
        await until(lambda: peer.hub is not None and not peer.hub.online)
        assert peer.hub is not None
        assert peer.hub.session == work.hub.session


async def test_a_hub_that_vanishes_is_offline_by_its_will_on_any_broker(
    broker: Broker, tmp_path: Path
) -> None:
    async with BridgePeer(broker.url) as peer:
        work = HubAtWork(new_hub(broker.url, tmp_path, {}))
        await work.serving()
        await peer.online()
        await work.die()
        await until(lambda: peer.hub is not None and not peer.hub.online)


async def test_a_foreign_offline_on_a_live_presence_is_overwritten_at_once(
    peer: BridgePeer, tmp_path: Path
) -> None:
    async with hub_at_work(peer.link_url, tmp_path, {}) as work:
        await peer.online()
        said = HubChanged(
            hub_id=HUB, timestamp=now_ms(), hub=other(online=False, since=1, session="dead")
        )
        topic = build(Kind.PRESENCE, HUB)
        await peer.link.publish_and_confirm(topic, said.encode(), retain=True)
        await until(lambda: peer.said(HubChanged)[-1].hub.session == work.hub.session)
        before = len(peer.said(HubChanged))
        await peer.link.publish_and_confirm(topic, b"", retain=True)
        await until(lambda: len(peer.said(HubChanged)) > before)
        assert peer.hub is not None
        assert peer.hub.online


async def test_of_two_live_hubs_of_one_id_the_later_stops_and_the_jobs_of_the_first_go_on(
    broker: Broker, plug: Plug, tmp_path: Path
) -> None:
    device = plug(link_speed=2 << 20)
    addresses = {"DEVICE_1": device.address}
    slowly = {"settle": Timing().settle}
    async with (
        BridgePeer(broker.url) as peer,
        hub_at_work(broker.url, tmp_path / "first", addresses, timing=slowly) as first,
    ):
        await peer.online("DEVICE_1")
        job_id = (await peer.start("DEVICE_1", total_bytes=100 << 20)).job_id
        second = HubAtWork(new_hub(broker.url, tmp_path / "second", addresses, timing=slowly))
        with refused(Code.DUPLICATE_HUB_ID):
            async with asyncio.timeout(30.0):
                await second.task
        await until(lambda: peer.hub is not None and peer.hub.session == first.hub.session)
        so_far = len(peer.samples(job_id))
        await until(lambda: len(peer.samples(job_id)) > so_far)
        await peer.online("DEVICE_1")
        assert peer.end(job_id) is None
        assert peer.devices["DEVICE_1"].session == first.hub.session
        assert (await peer.cancel(job_id)).accepted
        await peer.failed(job_id, Code.CANCELLED)


async def test_an_announce_is_answered_with_everything_and_its_own_time(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    addresses = {"ONE": plug("ONE").address, "TWO": plug("TWO").address}
    async with hub_at_work(peer.link_url, tmp_path, addresses):
        await peer.online("ONE", "TWO")
        peer.heard.clear()
        now = await peer.announce()
        kinds = [h.kind for h in peer.heard]
        answer = kinds.index(Kind.PRESENCE)
        assert kinds[:answer].count(Kind.DEVICE) >= 2
        assert peer.hub is not None
        assert peer.hub.announced == now


async def test_after_a_broker_restart_everything_is_said_again(
    broker: Broker, plug: Plug, tmp_path: Path
) -> None:
    device = plug(link_speed=2 << 20)
    async with hub_at_work(broker.url, tmp_path, {"DEVICE_1": device.address}) as work:
        async with BridgePeer(broker.url) as peer:
            await peer.online("DEVICE_1")
            job_id = (await peer.start("DEVICE_1", total_bytes=100 << 20)).job_id
            await peer.phase(job_id, "Flashing")
        await broker.restart()  # some take longer for it than others
        async with BridgePeer(broker.url) as peer:
            await peer.online("DEVICE_1")
            assert peer.hub is not None
            assert peer.hub.session == work.hub.session
            await until(lambda: peer.samples(job_id))
            assert (await peer.cancel(job_id)).accepted
            await peer.failed(job_id, Code.CANCELLED)
            seqs = [event.seq for event in peer.events(job_id)]
            assert seqs == sorted(seqs)


async def test_a_job_that_ends_while_the_broker_is_away_is_told_when_it_is_back(
    broker: Broker, plug: Plug, tmp_path: Path
) -> None:
    device = plug(link_speed=4 << 20)
    async with hub_at_work(broker.url, tmp_path, {"DEVICE_1": device.address}):
        async with BridgePeer(broker.url) as peer:
            await peer.online("DEVICE_1")
            job_id = (await peer.start("DEVICE_1", total_bytes=8 << 20)).job_id
            await peer.phase(job_id, "Flashing")
        await broker.stop()
        assert "reboot" not in device.commands
        await until(lambda: "reboot" in device.commands)
        await broker.start()
        async with BridgePeer(broker.url) as peer:
            await peer.online("DEVICE_1")
            await until(lambda: peer.record_of(job_id))
            assert peer.devices["DEVICE_1"].recent[-1].job_id == job_id
