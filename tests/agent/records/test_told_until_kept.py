"""A record is told until a history has it, whatever becomes of hub, link and bridge meanwhile."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flashyard.agent.journal import unrecorded
from flashyard.agent.recovery.backoff import Backoff
from flashyard.contract.faults import Code
from flashyard.contract.history import JobRecord
from flashyard.contract.messages import HubChanged
from flashyard.contract.records import Unrecorded
from support import old_journal
from support.bridge_peer import BridgePeer
from support.brokers import BrokerProcess
from support.emulated import MIB
from support.hub_at_work import HUB, HubAtWork, Plug, hub_at_work, new_hub
from support.made import generated
from support.waiting import until
from support.yard import Role

SOON = {"timing": {"record_again": Backoff(0.1, 2.0, 1.0)}}
LATE: dict[str, Any] = {"timing": {"record_again": Backoff(1e6, 1.0, 1e6)}}


def told(peer: BridgePeer) -> list[str]:
    """The jobs of the records that came, in order."""
    return [record.job_id for record in peer.said(JobRecord)]


async def ended_jobs(peer: BridgePeer, count: int) -> list[str]:
    jobs = [(await peer.start("DEVICE_1", total_bytes=1000)).job_id for _ in range(count)]
    await until(lambda: all(peer.end(job_id) for job_id in jobs))
    return jobs


async def test_it_is_repeated_word_for_word_until_it_is_acknowledged_and_presence_says_so(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    peer.keeps = False
    async with hub_at_work(peer.link_url, tmp_path, {"DEVICE_1": plug().address}, **SOON):
        await peer.online("DEVICE_1")
        [job_id] = await ended_jobs(peer, 1)
        await until(lambda: len(told(peer)) >= 4)
        assert len({record.encode() for record in peer.said(JobRecord)}) == 1
        await until(lambda: peer.hub and peer.hub.unrecorded)
        ended = peer.said(JobRecord)[0].job.finished_at
        assert peer.hub is not None
        assert peer.hub.unrecorded == Unrecorded(waiting=1, since=ended, lost=0)
        peer.acknowledge("job_1703001234_zzzzzz")
        peer.acknowledge(job_id, job_id)
        await until(lambda: peer.hub and not peer.hub.unrecorded)
        heard = len(told(peer))
        await peer.announce()
        await peer.completed((await peer.start("DEVICE_1", total_bytes=1000)).job_id)
        assert told(peer)[:heard].count(job_id) == told(peer).count(job_id)


async def test_what_is_acknowledged_at_once_is_nobodys_concern(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    async with hub_at_work(peer.link_url, tmp_path, {"DEVICE_1": plug().address}):
        await peer.online("DEVICE_1")
        jobs = await ended_jobs(peer, 3)
        await until(lambda: told(peer) == jobs)
        await peer.announce()
        assert told(peer) == jobs
    assert [said for said in peer.said(HubChanged) if said.hub.unrecorded] == []


async def test_sixteen_at_a_time_the_oldest_first_and_again_for_a_bridge_that_comes(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    peer.keeps = False
    address = plug().address
    async with hub_at_work(peer.link_url, tmp_path, {"DEVICE_1": address}, **LATE) as work:
        await peer.online("DEVICE_1")
        jobs = await ended_jobs(peer, 20)
        await peer.announce()
        await until(lambda: told(peer)[-16:] == jobs[:16])
        assert set(told(peer)) == set(jobs[:16])
        peer.acknowledge(jobs[3], jobs[1])
        await until(lambda: told(peer)[-2:] == jobs[16:18])
        await work.die()
    async with hub_at_work(peer.link_url, tmp_path, {"DEVICE_1": address}, **LATE):
        await until(lambda: told(peer)[-16:] == [jobs[0], jobs[2], *jobs[4:18]])
        peer.keeps = True
        await peer.announce()
        await until(lambda: peer.hub and not peer.hub.unrecorded)
        assert set(told(peer)) == set(jobs)


async def test_a_record_survives_that_its_hub_is_killed_and_so_does_what_was_acknowledged(
    mosquitto_broker: BrokerProcess, peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    peer.keeps = False
    address = plug().address
    hub = Role(
        tmp_path / "hub.log",
        *("hub", "--hub-id", HUB, "--broker", mosquitto_broker.url, "--no-usb"),
        *("--data-dir", str(tmp_path), "--fastboot-tcp", f"DEVICE_1={address.host}:{address.port}"),
    )
    await hub.start()
    await peer.online("DEVICE_1")
    first, second = await ended_jobs(peer, 2)
    await until(lambda: told(peer)[-2:] == [first, second])
    peer.acknowledge(first)
    await peer.announce()
    await hub.kill()
    await until(lambda: peer.hub and not peer.hub.online)
    before = [record.encode() for record in peer.said(JobRecord, second)]
    await hub.start()
    await until(lambda: len(peer.said(JobRecord, second)) > len(before))
    assert peer.said(JobRecord, second)[-1].encode() == before[0]
    assert told(peer)[-1] == second
    assert await hub.stop() == 0
    await until(lambda: peer.hub and not peer.hub.online)
    assert peer.hub is not None
    assert peer.hub.unrecorded is not None
    assert peer.hub.unrecorded.waiting == 1


async def test_a_job_that_died_with_an_earlier_hub_is_told_until_it_is_kept_too(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    peer.keeps = False
    addresses = {"DEVICE_1": plug(link_speed=MIB).address}
    first = HubAtWork(new_hub(peer.link_url, tmp_path / "first", addresses))
    await first.serving()
    await peer.online("DEVICE_1")
    job_id = (await peer.start("DEVICE_1", total_bytes=50 * MIB)).job_id
    await peer.phase(job_id, "Flashing")
    await first.die()
    async with hub_at_work(peer.link_url, tmp_path / "second", addresses):
        await until(lambda: told(peer) == [job_id])  # which it found with the broker
    async with hub_at_work(peer.link_url, tmp_path / "second", addresses):
        await until(lambda: told(peer) == [job_id, job_id])
    record = peer.said(JobRecord, job_id)[-1]
    assert (record.job.code, record.serial) == (Code.INTERRUPTED, "DEVICE_1")
    assert [mishap.code for mishap in record.mishaps] == [Code.INTERRUPTED]
    end = await peer.failed(job_id, Code.INTERRUPTED)
    assert record.seq == end.seq


async def test_what_is_given_up_is_counted_and_said_for_good(
    peer: BridgePeer, plug: Plug, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unrecorded, "MOST", 2)
    peer.keeps = False
    addresses = {"DEVICE_1": plug().address}
    async with hub_at_work(peer.link_url, tmp_path, addresses):
        await peer.online("DEVICE_1")
        jobs = await ended_jobs(peer, 5)
        await until(lambda: peer.hub and peer.hub.unrecorded and peer.hub.unrecorded.lost == 3)
    peer.keeps = True
    async with hub_at_work(peer.link_url, tmp_path, addresses):
        await until(lambda: told(peer)[-2:] == jobs[3:])
        await until(lambda: peer.hub and peer.hub.unrecorded == Unrecorded(waiting=0, lost=3))


async def test_a_hub_goes_on_with_what_one_of_the_first_version_left(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    old_journal.lay_down(tmp_path / "hub" / "journal.db")
    device = plug()
    addresses = {"DEVICE_1": device.address}
    size, part = old_journal.SIZE, old_journal.PART_SIZE
    async with hub_at_work(peer.link_url, tmp_path, addresses, part_size=part):
        await peer.completed(old_journal.RUNNING)
        await peer.completed(old_journal.WAITING)
        assert [entry.job_id for entry in peer.devices["DEVICE_1"].queue] == [old_journal.HELD]
        record = peer.record_of(old_journal.RUNNING)
        assert record is not None
        assert record.serial == "DEVICE_1"
        rest = generated(old_journal.RUNNING, size)[2 * part :]
        assert device.content("system")[-len(rest) :] == rest
