"""What older bridges put into their histories is found, counted and told as it was by them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, select, text, update
from sqlalchemy.exc import IntegrityError

from flashyard.contract.faults import Code
from flashyard.contract.history import PastJob
from flashyard.contract.statistics import Counts
from flashyard_bridge.audit.lines import append
from flashyard_bridge.database.database import Database
from flashyard_bridge.database.migrate import downgrade, upgrade
from flashyard_bridge.database.tables.audit import AUDIT
from flashyard_bridge.database.tables.history import PAST_JOBS
from flashyard_bridge.database.tables.rollups import ROLLUPS
from flashyard_bridge.history import store as storing
from flashyard_bridge.history.history import History
from flashyard_bridge.history.sought import Sought, words_of
from flashyard_bridge.history.statistics.question import Question
from support.databases import KINDS
from support.records import ended_job, past_of
from support.rows import Rows, rows
from support.schemas import released
from support.trail import line, lines_in

PINS = [(kind, each) for kind in KINDS for each in released(kind)]
FIRST, SECOND, THIRD, UNPLUGGED, REFUSED, CANCELLED, LOST, OTHER = (
    f"job_1763{n:06d}_abc2{n:02d}" for n in range(1, 9)
)
ALL = [OTHER, LOST, CANCELLED, REFUSED, UNPLUGGED, THIRD, SECOND, FIRST]  # the newest first
MENTIONING = {
    "unplugged": [UNPLUGGED],
    "ORIOLE-boot pixel": [OTHER, LOST, UNPLUGGED],
    "ünïcödé": [REFUSED],
    "prüf vendor": [REFUSED],
    "un": [LOST, UNPLUGGED],
    "r5ct003x system": [CANCELLED],
    "nobody said so": [],
}
HAVING: dict[str, dict[str, list[str]]] = {
    "serial": {"R5CT001X": [THIRD, SECOND, FIRST]},
    "hub_id": {"bench-b": [OTHER, REFUSED]},
    "partition": {"vendor": [REFUSED]},
    "image": {"c" * 64: [REFUSED]},
    "code": {"hub_lost": [LOST]},
    "port": {"usb:1-1.2": [OTHER]},
}
# Jobs, completed ones, failed ones and bytes.
COUNTED = {
    "all": (8, 4, 3, 164_626_432),
    "boot": (3, 1, 2, 138_412_032),
    "vendor": (1, 0, 1, 1_048_576),
    "system": (4, 3, 0, 25_165_824),
    "bench-a": (6, 3, 2, 29_360_128),
    "bench-b": (2, 1, 1, 135_266_304),
    "2025-11-14": (4, 1, 2, 137_363_456),
    "2025-11-13": (4, 3, 1, 27_262_976),
    "R5CT001X": (3, 3, 0, 25_165_824),
    "R5CT002X": (2, 0, 2, 4_194_304),
    "R5CT003X": (2, 1, 0, 67_108_864),
    "0123-5": (1, 0, 1, 68_157_440),
    "a" * 64: (4, 3, 0, 25_165_824),
    "b" * 64: (3, 1, 2, 138_412_032),
    "c" * 64: (1, 0, 1, 1_048_576),
}


def pinned_since(revision: str) -> pytest.MarkDecorator:
    """Have a test run with what that revision and those after it left."""
    pins = [(kind, each) for kind, each in PINS if each >= revision]
    return pytest.mark.parametrize("pinned_as", pins, ids="-".join, indirect=True)


async def ids(history: History, **sought: Any) -> list[str]:
    page = await history.page(Sought(**sought), None, 100)
    return [job.job_id for job in page.jobs]


async def found(history: History) -> dict[str, Any]:
    mentioning = {words: await ids(history, words=words_of(words)) for words in MENTIONING}
    having = {
        name: {value: await ids(history, **{name: value}) for value in values}
        for name, values in HAVING.items()
    }
    return {"all": await ids(history), "mentioning": mentioning, "having": having}


async def counted(history: History, few: int) -> Mapping[str | None, tuple[int, ...]]:
    """Count what was added up; or the jobs one by one, where they are fewer than ``few``."""
    told = await history.statistics(Question(Sought(), 100, 100, few))
    named: list[tuple[str | None, Counts]] = [("all", told.totals)]
    named += [(each.partition, each) for each in told.partitions]
    named += [(each.hub_id, each) for each in told.hubs]
    named += [(each.day, each) for each in told.days]
    named += [(each.device_id, each) for each in told.devices]
    named += [(each.sha256, each) for each in told.images]
    assert told.totals.duration_ms is not None
    assert abs(told.totals.duration_ms.median - 10_000) <= 200
    return {name: (each.jobs, each.completed, each.failed, each.bytes) for name, each in named}


async def check(database: Database) -> None:
    """It has all of what was kept, and nothing beside it."""
    history = History(database)
    assert await found(history) == {"all": ALL, "mentioning": MENTIONING, "having": HAVING}
    assert await counted(history, few=0) == COUNTED
    assert await counted(history, few=1_000) == COUNTED


def forget_all(connection: Connection) -> None:
    storing.forget(connection, list(connection.scalars(select(PAST_JOBS.c.number))))


def check_index(connection: Connection) -> None:
    """Have SQLite say whether its index is whole; it raises where it is not."""
    if connection.dialect.name == "sqlite":
        connection.execute(text("INSERT INTO past_index (past_index) VALUES ('integrity-check')"))


@pinned_since("0004")
async def test_a_history_is_found_and_counted_as_it_was(opened: Database) -> None:
    await check(opened)
    await opened.write(check_index)


@pinned_since(PINS[-1][1])
async def test_it_is_so_still_after_any_of_the_younger_revisions_was_taken_back(
    opened: Database, revisions: list[str]
) -> None:
    for below in revisions[revisions.index("0004") : -1]:
        await opened.write(partial(downgrade, to=below))
        await opened.write(upgrade)
        await check(opened)


@pinned_since("0004")
async def test_a_job_is_told_with_its_course_and_its_log(opened: Database) -> None:
    history = History(opened)
    job = await history.job(UNPLUGGED)
    assert isinstance(job, PastJob)
    assert (job.code, job.told_by, job.verification) == (Code.USB_UNPLUGGED, "hub", "none")
    assert job.asked_by is not None
    assert (job.asked_by.identity, job.asked_by.on_behalf) == ("alice", "batch_1")
    assert [span.phase for span in job.spans] == ["preparing", "writing", "finishing"]
    assert [mishap.code for mishap in job.mishaps] == [Code.LINK_LOST, Code.USB_UNPLUGGED]
    log = await history.log(UNPLUGGED)
    assert [said.text for said in log or ()] == ["Writing boot of R5CT002X"]
    several = await history.job(REFUSED)
    assert several is not None
    assert [(step.partition, step.status) for step in several.steps] == [
        ("boot", "completed"),
        ("vendor", "failed"),
    ]


@pinned_since("0004")
async def test_what_its_hub_tells_now_takes_the_place_of_what_an_older_bridge_wrote(
    opened: Database,
) -> None:
    history = History(opened)
    lost = await history.job(LOST)
    assert lost is not None
    assert lost.told_by == "bridge"
    told = ended_job(job_id=LOST, device_id="R5CT002X", hub_id="bench-a", finished_at=1763086520000)
    await history.store([past_of(told), past_of(ended_job(job_id=UNPLUGGED))])
    now = await history.job(LOST)
    assert now is not None
    assert (now.status, now.told_by) == ("completed", "hub")
    assert await ids(history, words=words_of("not heard from")) == []
    assert await ids(history, code="hub_lost") == []
    for few in (0, 1_000):
        assert (await counted(history, few))["all"] == (8, 5, 2, 162_530_280)
    await opened.write(check_index)


@pinned_since("0004")
async def test_what_an_older_bridge_kept_is_forgotten_without_a_trace(
    opened: Database, before: Rows
) -> None:
    await opened.write(forget_all)
    await opened.write(check_index)
    of_jobs = {name for name in before if name.startswith("past_")} | {ROLLUPS.name}
    kept = await opened.read(partial(rows, names=of_jobs))
    assert {name for name in kept if kept[name]} == set()
    assert await ids(History(opened)) == []
    await History(opened).store([past_of(ended_job())])
    assert await ids(History(opened), words=words_of("unit_1")) == [ended_job().job_id]
    assert await ids(History(opened), words=words_of("pixel")) == []


@pinned_since("0005")
async def test_a_trail_still_only_grows_and_goes_on_with_its_numbers(opened: Database) -> None:
    before = await lines_in(opened)
    assert [each.number for each in before] == list(range(1, len(before) + 1))
    assert {each.action for each in before} == {"start", "cancel", "delete_image", "job_ended"}
    with pytest.raises(IntegrityError, match="only grows"):
        await opened.write(lambda c: c.execute(update(AUDIT).values(outcome="refused")))
    await opened.write(lambda c: append(c, [line()]))
    *kept, new = await lines_in(opened)
    assert (kept, new.number) == (before, len(before) + 1)


@pinned_since("0006")
async def test_what_an_older_bridge_had_learnt_is_what_is_usual(opened: Database) -> None:
    job = await History(opened).job(THIRD)
    assert job is not None
    assert job.expected is not None
    assert (job.expected.samples, job.expected.duration_ms) == (3, 10_000)
    assert job.expected.basis == ("image", "product", "port")
