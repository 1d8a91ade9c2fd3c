"""What is told of ended jobs is what one finds who counts them all, whatever became of them."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, select

from flashyard.contract.statistics import Counts, Statistics
from flashyard_bridge.database.database import Database
from flashyard_bridge.database.tables.history import PAST_JOBS
from flashyard_bridge.database.tables.rollups import ROLLUPS
from flashyard_bridge.history.sought import Sought
from flashyard_bridge.history.statistics import counting, table
from flashyard_bridge.history.statistics.census import Census
from flashyard_bridge.history.statistics.facts import facts
from flashyard_bridge.history.statistics.histogram import BUCKETS, ERROR
from flashyard_bridge.history.statistics.question import FEW, Question
from flashyard_bridge.history.statistics.rollups import account
from flashyard_bridge.history.statistics.segments import kept, passage, ranges
from flashyard_bridge.history.statistics.table import Key
from flashyard_bridge.history.statistics.tally import Tally
from support.counted import DAY, Entries, asked, counted, live

EVERYTHING = 500  # entries of a list
QUESTIONS = 12
ERRORS = {FEW: 0.0, 1: ERROR}

seeds = st.integers(0, 2**32)
some = settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
many = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(autouse=True)
def _small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have some in a history that is short, and a few of them read at once."""
    monkeypatch.setattr(ranges, "SMALL", 4)
    monkeypatch.setattr(ranges, "JOINED", 3)
    monkeypatch.setattr(kept, "OTHERS", 5)
    monkeypatch.setattr(passage, "AT_ONCE", 2)
    monkeypatch.setattr(counting, "ONE_BY_ONE", 5)


async def compare(database: Database, seed: int, few: int) -> None:
    noise = Random(seed)
    jobs = await database.write(lambda connection: live(connection, noise))

    census = Census(database)
    for _ in range(QUESTIONS):
        sought = asked(noise)
        said = await census.take(Question(sought, EVERYTHING, EVERYTHING, few))
        agree(entries(said), counted(jobs.meant(sought)), ERRORS[few], sought)
        assert said.left_out == {}
        assert said.quantiles == "exact" or few == 1


@pytest.mark.parametrize("few", ERRORS, ids=["few", "many"])
@some
@given(seed=seeds)
async def test_statistics_are_what_a_count_of_the_same_rows_finds(
    database: Database, few: int, seed: int
) -> None:
    await compare(database, seed, few)


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("few", ERRORS, ids=["few", "many"])
@many
@given(seed=seeds)
async def test_statistics_are_what_many_counts_of_the_same_rows_find(
    database: Database, few: int, seed: int
) -> None:
    await compare(database, seed, few)


@some
@given(seed=seeds)
async def test_what_is_kept_beside_the_jobs_is_what_adding_them_all_up_anew_makes(
    database: Database, seed: int
) -> None:
    def tallies(connection: Connection) -> dict[Key, Tally]:
        keys = connection.execute(select(*ROLLUPS.primary_key)).all()
        return table.read(connection, [tuple(key) for key in keys])

    def twice(connection: Connection) -> tuple[dict[Key, Tally], dict[Key, Tally]]:
        live(connection, Random(seed))
        before = tallies(connection)
        connection.execute(delete(ROLLUPS))
        numbers = connection.scalars(select(PAST_JOBS.c.number)).all()
        account(connection, facts(connection, numbers, BUCKETS), 1)
        return before, tallies(connection)

    before, anew = await database.write(twice)
    for tally in (*before.values(), *anew.values()):
        tally.name = None  # it may be of one that is gone
    assert before == anew


def entries(said: Statistics) -> dict[str, Entries]:
    """Tell statistics as `counted` does."""
    return {
        "totals": {(): numbers(said.totals)} if said.totals.jobs else {},
        "devices": {(each.device_id,): numbers(each) for each in said.devices},
        "ports": {(each.hub_id, each.port or ""): numbers(each) for each in said.ports},
        "hubs": {(each.hub_id,): numbers(each) for each in said.hubs},
        "days": {(number_of(each.day),): numbers(each) for each in said.days},
        "partitions": {(each.partition,): numbers(each) for each in said.partitions},
        "images": {(each.sha256 or "",): numbers(each) for each in said.images},
        "faults": {(each.code or "",): {"failed": each.failed} for each in said.faults},
    }


def numbers(counts: Counts) -> dict[str, Any]:
    said = dict(counts)
    for name in ("duration_ms", "speed"):
        said[name] = said[name] and (said[name].median, said[name].p95)
    return said


def number_of(day: str) -> str:
    return str(int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp() * 1000) // DAY)


def agree(told: dict[str, Entries], true: dict[str, Entries], error: float, sought: Sought) -> None:
    for name, listed in told.items():
        assert listed.keys() == true.get(name, {}).keys(), (name, sought)
        for entry, said in listed.items():
            for what, is_ in true[name][entry].items():
                about = name, entry, what, sought
                if what not in said:
                    assert name == "faults", about
                elif isinstance(is_, tuple):
                    near = [
                        abs(ours - its) <= error * its
                        for ours, its in zip(said[what], is_, strict=True)
                    ]
                    assert all(near), about
                else:
                    assert said[what] == is_, about
