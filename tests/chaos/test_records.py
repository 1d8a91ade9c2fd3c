"""kill -9 of bridges and database while record after record is stored, in mid-transaction too.

What was acknowledged is there for good, whatever was killed the moment after; all is there once.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from random import Random
from typing import TypeAlias

import pytest

from chaos.reporter import Reporter
from chaos.system import Keep
from flashyard.contract.history import JobRecord
from support.archive import Archive
from support.broker_process import BrokerProcess
from support.mosquitto import mosquitto
from support.postgres import Postgres
from support.records import ended_job, failed_job, record_of
from support.yard import Role

HUB = "hub-1"
KILLS = 25
FINISHED = 300  # jobs at least
CALM = 0.7  # seconds between two of them, at most
_PATIENCE = 60.0  # seconds until all is stored, once nobody kills any more

Victims: TypeAlias = Sequence[Role | Postgres]


def records() -> Iterator[JobRecord]:
    """Make one after another, which ended in several ways."""
    for number in count():
        yield record_of((ended_job if number % 3 else failed_job)(number, hub_id=HUB))


def bridge(number: int, folder: Path, broker: BrokerProcess, keep: Keep) -> Role:
    return Role(
        folder / f"bridge-{number}.log",
        *("bridge", "--broker", broker.url, "--listen", "127.0.0.1:0"),
        *("--data-dir", str(folder / f"bridge-{number}"), "--database", keep.url),
    )


async def strike(victims: Victims, reporter: Reporter, archive: Archive, pause: float) -> None:
    """Kill, see that what was acknowledged is there, and start them again."""
    await asyncio.gather(*(victim.kill() for victim in victims))
    acknowledged = set(reporter.acknowledged)
    await asyncio.sleep(pause)
    servers = [victim for victim in victims if isinstance(victim, Postgres)]
    await asyncio.gather(*(server.start() for server in servers))
    await asyncio.to_thread(archive.read)
    assert acknowledged <= archive.jobs.keys()
    bridges = [victim for victim in victims if isinstance(victim, Role)]
    await asyncio.gather(*(role.start() for role in bridges))


async def storm(keep: Keep, folder: Path, seed: str, kills: int) -> int:
    """Kill that often; return how many jobs are stored, each once and truly."""
    noise, archive = Random(seed), Archive(keep.url)
    async with mosquitto(folder) as broker:
        bridges = [bridge(number, folder, broker, keep) for number in range(2)]
        servers = [keep.server] if keep.server else []
        who: list[Victims] = [bridges[:1], bridges[1:], bridges]
        if servers:
            who += [servers, [*bridges, *servers]]
        reporter = Reporter(broker.url, HUB, records())
        await asyncio.gather(*(role.start() for role in bridges))
        try:
            async with reporter.link, asyncio.TaskGroup() as group:
                await reporter.link.wait_until_up(10)
                running = group.create_task(reporter.run(), name="the hub")
                for number in range(kills):
                    await asyncio.sleep(noise.uniform(0, CALM))
                    victims = who[number % len(who)]
                    await strike(victims, reporter, archive, noise.uniform(0, CALM))
                reporter.end()
                async with asyncio.timeout(_PATIENCE):
                    await running
        finally:
            await asyncio.gather(*(role.stop() for role in bridges))
    await asyncio.to_thread(archive.read)
    assert {job_id: len(rows) for job_id, rows in archive.jobs.items()} == dict.fromkeys(
        reporter.told, 1
    )
    for job_id, record in reporter.told.items():
        [row] = archive.jobs[job_id]
        assert (row.status, row.code) == (record.job.status, record.job.code)
        assert (row.bytes, row.steps, row.told_by) == (record.job.bytes_transferred, 1, "hub")
    assert archive.counted() == Counter(record.job.status for record in reporter.told.values())
    assert archive.lines("job_ended") == dict.fromkeys(reporter.told, 1)
    assert len(reporter.histories) == 1
    return len(archive.jobs)


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_what_is_acknowledged_is_there_however_often_somebody_is_killed(
    keep: Keep, tmp_path: Path, seed: str
) -> None:
    assert await storm(keep, tmp_path, seed, KILLS) >= FINISHED
