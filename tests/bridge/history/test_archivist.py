"""A hub that tells of an ended job hears that it is on record, once it is."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Iterable, Sequence
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from flashyard.contract import topics
from flashyard.contract.faults import Code
from flashyard.contract.history import JobRecord
from flashyard.contract.orders import Recorded
from flashyard.contract.phases import Status
from flashyard.contract.records import LogLine
from flashyard.contract.topics import MANNERS, Kind, build
from flashyard.link import Link
from flashyard_bridge.history import store as storing
from flashyard_bridge.history.past import Past
from support.brokers import Broker
from support.hub_script import HubScript, Published
from support.records import ended_job, record_of
from support.served import ServedBridge, served_bridge
from support.small_disk import small_disk
from support.waiting import until, until_told

pytestmark = pytest.mark.parametrize("broker", ["embedded"], indirect=True)

HUB = "hub-1"
LOG = tuple(LogLine(at=n, text=random.Random(n).randbytes(99).hex()) for n in range(50))


class Reporter:
    """A hub's end that tells records, and hears which are stored."""

    def __init__(self, broker_url: str) -> None:
        self.link = Link(
            broker_url, HUB, on_message=self._hear, subscriptions=topics.hub_filters(HUB)
        )
        self.recorded: list[str] = []
        self.histories: set[str] = set()

    def tell(self, record: JobRecord) -> None:
        self.link.publish(build(Kind.RECORD, HUB), record.encode(), qos=1)

    def _hear(self, name: str, payload: bytes, _retained: bool) -> None:  # noqa: FBT001 - the link's
        if name == build(Kind.RECORDED, HUB):
            said = Recorded.decode(payload)
            self.recorded += said.job_ids
            self.histories.add(said.history_id)


@pytest.fixture
async def served(broker: Broker, tmp_path: Path) -> AsyncIterator[ServedBridge]:
    async with served_bridge(broker.url, tmp_path, lost_after=0.5) as bridge:
        yield bridge


@pytest.fixture
async def hub(broker: Broker, served: ServedBridge) -> AsyncIterator[Reporter]:
    reporter = Reporter(broker.url)
    async with reporter.link:
        await reporter.link.wait_until_up(10)
        await until(lambda: served.state.link.is_up)
        yield reporter


async def test_a_record_is_acknowledged_once_it_is_stored_and_again_when_it_comes_again(
    served: ServedBridge, hub: Reporter
) -> None:
    records = [record_of(ended_job(number)) for number in range(20)]
    for record in records:
        hub.tell(record)
    await until(lambda: len(hub.recorded) == 20)
    assert set(hub.recorded) == {record.job_id for record in records}
    hub.tell(records[3])
    await until(lambda: len(hub.recorded) == 21)
    assert len(hub.histories) == 1
    for record in records:
        assert await served.state.history.job(record.job_id) is not None


async def test_while_nothing_can_be_stored_health_says_so_and_all_is_stored_after(
    broker: Broker, tmp_path: Path
) -> None:
    with small_disk(tmp_path / "disk", "4m") as disk:
        database = f"sqlite:///{disk.path / 'flashyard.db'}"
        hub = Reporter(broker.url)
        async with served_bridge(broker.url, tmp_path, database=database) as served, hub.link:
            await hub.link.wait_until_up(10)
            await until(lambda: served.state.link.is_up)
            disk.fill()
            records = [record_of(ended_job(number), log=LOG) for number in range(20)]
            for record in records:
                hub.tell(record)

            async def says_so() -> bool:
                reply = await served.http.get("/health")
                told = reply.json()
                is_down = (reply.status_code, told["status"]) == (503, "degraded")
                return is_down and told["database"] == "cannot_be_written"

            await until_told(says_so, within=20)
            assert hub.recorded == []
            assert (await served.http.get("/health")).json()["history"]["waiting"] == 20
            disk.clear()
            await until(lambda: len(hub.recorded) == 20, within=20)
            told = (await served.http.get("/health")).json()["history"]
            assert told == {"waiting": 0, "unrecorded": []}


async def test_an_end_that_the_bridge_wrote_is_stored_and_yields_to_the_hubs(
    broker: Broker, tmp_path: Path
) -> None:
    script, job_id = HubScript(), "job_1703001234_abc123"
    async with (
        Link(broker.url, "hub-bench-a", on_message=lambda *_: None) as link,
        served_bridge(broker.url, tmp_path, lost_after=0.5) as served,
    ):

        def say(said: Iterable[Published]) -> None:
            for one in said:
                manners = MANNERS[one.topic.kind]
                link.publish(str(one.topic), one.payload, qos=manners.qos, retain=manners.retain)

        async def told_by(teller: str) -> bool:
            found = await served.state.history.job(job_id)
            return found is not None and found.told_by == teller

        await link.wait_until_up(10)
        await until(lambda: served.state.link.is_up)
        say([script.presence(), script.record(), *script.start(job_id)])
        await until(lambda: len(served.state.fleet.jobs()) == 1)
        say([script.presence(online=False)])
        await until_told(partial(told_by, "bridge"), within=20)
        lost = await served.state.history.job(job_id)
        assert lost is not None
        assert (lost.status, lost.code, lost.serial) == (Status.FAILED, Code.HUB_LOST, "PIXEL6_001")
        say([script.presence(), script.record(), *script.complete()])
        await until_told(partial(told_by, "hub"), within=20)
        found = await served.state.history.job(job_id)
        assert found is not None
        assert found.status is Status.COMPLETED


async def test_a_record_that_cannot_be_stored_keeps_no_other_from_it(
    served: ServedBridge, hub: Reporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = (record_of(ended_job(number)) for number in (0, 1))
    plain = storing.store

    def picky(connection: Connection, pasts: Sequence[Past]) -> None:
        if bad.job_id in {past.record.job_id for past in pasts}:
            connection.execute(text("INSERT INTO alembic_version VALUES (NULL)"))
        plain(connection, pasts)

    monkeypatch.setattr(storing, "store", picky)
    hub.tell(bad)
    hub.tell(good)
    await until(lambda: hub.recorded == [good.job_id])
    told = (await served.http.get("/health")).json()["history"]
    assert told == {"waiting": 0, "unrecorded": []}
