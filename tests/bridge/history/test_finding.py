"""Whatever is asked for: it is what looking at each job would find, page by page."""

from __future__ import annotations

from functools import partial
from random import Random

import pytest
from sqlalchemy import Connection, select

from flashyard_bridge.database.database import Database
from flashyard_bridge.database.tables.history import PAST_JOBS
from flashyard_bridge.history import store as storing
from flashyard_bridge.history.finding import numbers, postgres, sqlite
from flashyard_bridge.history.history import History
from flashyard_bridge.history.past import Past
from flashyard_bridge.history.sought import Place, Sought, words_of
from flashyard_bridge.history.statistics.segments import ranges
from flashyard_bridge.history.statistics.segments.kept import gather, some
from flashyard_bridge.history.statistics.segments.sieve import sift
from support.naive_history import newest, random_pasts, random_sought
from support.records import ended_job, failed_job, past_of

_JOBS = 60


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have each way to find something taken, though there are few jobs."""
    monkeypatch.setattr(sqlite, "_SHORT", 4)
    monkeypatch.setattr(postgres, "_NEAR", 3)
    monkeypatch.setattr(postgres, "_FAR", 5)
    monkeypatch.setattr(postgres, "_RARE", 4)
    monkeypatch.setattr(ranges, "SMALL", 7)
    monkeypatch.setattr(ranges, "JOINED", 3)


def forget_all(connection: Connection) -> None:
    storing.forget(connection, list(connection.scalars(select(PAST_JOBS.c.number))))


def all_at_once(connection: Connection, sought: Sought) -> list[str]:
    """The ids of all, as they are counted."""
    found = numbers(connection, sought)
    assert len(found) == len(set(found))
    ids = select(PAST_JOBS.c.job_id).where(PAST_JOBS.c.number.in_(found))
    return list(connection.scalars(ids))


def gone_through(connection: Connection, sought: Sought) -> list[str]:
    """The ids of all, as they are counted where they are many."""
    found: list[int] = []
    segments, _ = some(connection, sought, 0, ranges.newest(connection), 100)
    for each in segments:
        found += each.jobs["number"][sift(each, sought)].tolist()
    ids = select(PAST_JOBS.c.job_id).where(PAST_JOBS.c.number.in_(found))
    return list(connection.scalars(ids))


async def pages(history: History, sought: Sought, limit: int) -> list[list[str]]:
    """Everything, as REST would give it."""
    read: list[list[str]] = []
    before: Place | None = None
    while True:
        page = await history.page(sought, before, limit)
        read.append([job.job_id for job in page.jobs])
        if page.last is None:
            return read
        before = page.last


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(1, 25))]
)
async def test_what_is_found_is_what_looking_at_each_would_find(
    database: Database, seed: int
) -> None:
    chance, history = Random(seed), History(database)
    pasts = random_pasts(chance, range(_JOBS))
    await history.store(pasts)
    for _ in range(chance.randrange(12)):
        await database.write(gather)
    for _ in range(60):
        sought, limit = random_sought(chance, pasts), chance.choice((1, 3, 7, 100))
        read = await pages(history, sought, limit)
        assert [job_id for page in read for job_id in page] == newest(pasts, sought), sought
        assert all(len(page) == limit for page in read[:-1]), (sought, read)
        ids = await database.read(partial(all_at_once, sought=sought))
        assert sorted(ids) == sorted(newest(pasts, sought)), sought
        ids = await database.read(partial(gone_through, sought=sought))
        assert sorted(ids) == sorted(newest(pasts, sought)), sought


@pytest.mark.usefixtures("few")
async def test_pages_neither_skip_nor_double_while_jobs_are_stored_and_forgotten(
    database: Database,
) -> None:
    chance, history = Random("growing"), History(database)
    for _ in range(4):
        await database.write(forget_all)
        numbers = iter(range(1_000))
        pasts = random_pasts(chance, [next(numbers) for _ in range(40)])
        await history.store(pasts)
        sought, limit = random_sought(chance, pasts), chance.choice((1, 4))
        before: Place | None = None
        while True:
            page = await history.page(sought, before, limit)
            assert [job.job_id for job in page.jobs] == newest(pasts, sought, before)[:limit]
            if page.last is None:
                break
            before = page.last
            more = random_pasts(chance, [next(numbers) for _ in range(2)])
            await history.store(more)
            pasts += more


@pytest.mark.usefixtures("few")
async def test_a_job_that_is_told_anew_is_found_by_what_it_is_now_alone(
    database: Database,
) -> None:
    history = History(database)
    found: list[Past] = [past_of(ended_job(number)) for number in range(1, 9)]
    lost = past_of(failed_job(error="Hub vanished."), told_by="bridge")
    await history.store([*found, lost])  # the last: its number is given again
    await history.store([past_of(ended_job(device_name="Queen"))])
    for sought, count in (
        (Sought(words=("vanished",)), 0),
        (Sought(words=("queen",)), 1),
        (Sought(words=("job_",)), 9),
        (Sought(status="failed"), 0),
        (Sought(code="device_refused"), 0),
        (Sought(status="completed"), 9),
    ):
        assert len((await history.page(sought, None, 100)).jobs) == count, sought
    await database.write(partial(storing.forget, numbers=[1, 2, 3]))
    page = await history.page(Sought(device_id="UNIT_1", words=("job_",)), None, 100)
    assert len(page.jobs) == len((await history.page(Sought(), None, 100)).jobs)


@pytest.mark.usefixtures("few")
async def test_no_mark_in_a_word_means_anything_but_itself(
    database: Database,
) -> None:
    history = History(database)
    names = [
        "100%_done",
        "c:\\dir\\",
        'say "NEAR(a b)"',
        "it's*",
        "a-b^c",
        "{x} AND y",
        "1000_done",
    ]
    await history.store([past_of(ended_job(n, device_name=name)) for n, name in enumerate(names)])
    for number, name in enumerate(names):
        for word in [word for word in words_of(name) if len(word) > 2]:
            page = await history.page(Sought(words=(word,)), None, 100)
            meant = [n for n, other in enumerate(names) if word in other.casefold()]
            assert [int(job.job_id[-6:]) for job in page.jobs] == meant[::-1], (number, word)


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("", ()),
        ("  Bench  QUEEN ", ("bench", "queen")),
        ("pixel pix PIXEL", ("pixel",)),
        ("Straße", ("strasse",)),
    ],
)
def test_a_question_is_its_words_in_any_case_each_once(
    question: str, words: tuple[str, ...]
) -> None:
    assert words_of(question) == words
