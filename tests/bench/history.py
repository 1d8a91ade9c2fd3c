"""A million jobs in the history: storing them, and what reading them costs a user of REST.

They are stored as a bridge stores them, and asked for over HTTP from a real bridge, on SQLite and
on PostgreSQL. `--jobs` for fewer; `--keep DIR` leaves SQLite's there, and uses it the next time.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import httpx
from sqlalchemy import Connection, func, select, text

from bench.questions import PROMISED, questions
from bench.year import year
from flashyard_bridge.database.database import Database
from flashyard_bridge.database.tables.history import PAST_JOBS
from flashyard_bridge.history.archivist import BATCH
from flashyard_bridge.history.past import Past
from flashyard_bridge.history.store import store
from support.mosquitto import mosquitto
from support.postgres import Postgres, cluster, initdb
from support.processes import serving
from support.waiting import until_told

JOBS = 1_000_000
LEAST = 2_000  # jobs/s that are promised
_STRETCH = 40  # batches that are told together
_PAGES = 100  # that are followed
_PATIENCE = 60.0  # seconds for an answer
_IDLE = "/api/v1/ready"  # what an answer costs that is in no database


class Answers(NamedTuple):
    """How long the answers to one question took, in ms, and how long the longest was, in bytes."""

    taken: Sequence[float]
    size: int

    @property
    def p99(self) -> float:
        return sorted(self.taken)[-1 - len(self.taken) // 100]


async def measure(kind: str, url: str, folder: Path, jobs: int) -> int:
    """Store so many in a database, ask them, and print the table; return how much was missed."""
    print(f"{kind}, {jobs} jobs", flush=True)
    missed = 0
    database = Database(url)
    await asyncio.to_thread(database.open)
    try:
        until = time.time_ns() // 1_000_000
        if not (held := await database.read(_count)):
            rates, mean = await _fill(database, until, jobs)
            missed += mean < LEAST
            _print_rates(rates, mean)
            held = await database.read(_count)
        print(f"  {await database.read(_size) / held:.0f} bytes a job", flush=True)
        until = await database.read(_newest)
    finally:
        await asyncio.to_thread(database.close)
    async with _bridge(url, folder) as http:
        return missed + await _ask_all(http, until)


async def _fill(database: Database, until: int, jobs: int) -> tuple[list[float], float]:
    """Store them; return the jobs/s of each stretch, and of all."""
    rates, all_taken = [], 0.0
    stretch = _STRETCH * BATCH
    told = year(jobs, until)
    while some := list(islice(told, stretch)):
        began = time.perf_counter()
        for batch in _batches(some):
            await database.write(partial(store, pasts=batch))
        taken = time.perf_counter() - began
        all_taken += taken
        rates.append(len(some) / taken)
    return rates, jobs / all_taken


def _batches(pasts: Sequence[Past]) -> Iterator[Sequence[Past]]:
    return (pasts[first : first + BATCH] for first in range(0, len(pasts), BATCH))


def _print_rates(rates: Sequence[float], mean: float) -> None:
    met = "met   " if mean >= LEAST else "MISSED"
    print(
        f"  {met} {mean:.0f} jobs/s stored, {BATCH} in a transaction ({LEAST} promised); "
        f"the slowest {_STRETCH * BATCH} {min(rates):.0f}/s, the last {rates[-1]:.0f}/s"
    )


async def _ask_all(http: httpx.AsyncClient, until: int) -> int:
    """Ask everything, and print a line for each question; return how many were too slow."""
    print(f"  {'':47}{'p50 ms':>8} {'p99 ms':>8} {'most ms':>8} {'KiB':>6}   promised")
    _print(f"nothing ({_IDLE})", await _ask(http, [_IDLE] * 200), "")
    missed = 0
    for question in questions(until):
        name = f"{question.kind}: {question.name}"
        try:
            if question.follows:
                answers = await _follow(http, question.paths[0])
            else:
                answers = await _ask(http, question.paths)
        except httpx.HTTPStatusError as error:
            print(f"  {name:47}MISSED {error.response.status_code}: {error.response.text[:100]}")
            missed += 1
            continue
        is_late = answers.p99 > (bound := PROMISED[question.kind])
        missed += is_late
        _print(name, answers, f"{bound}{' MISSED' * is_late}")
    return missed


async def _ask(http: httpx.AsyncClient, paths: Iterable[str]) -> Answers:
    answers = [await _get(http, path) for path in paths]
    return _answers(answers)


async def _follow(http: httpx.AsyncClient, path: str) -> Answers:
    """Get so many pages, each the one that the one before says is next."""
    answers = [await _get(http, path)]
    while len(answers) < _PAGES and (cursor := answers[-1].json().get("nextCursor")):
        answers.append(await _get(http, f"{path}&cursor={quote(cursor)}"))
    return _answers(answers)


async def _get(http: httpx.AsyncClient, path: str) -> httpx.Response:
    return (await http.get(path)).raise_for_status()


def _answers(answers: Sequence[httpx.Response]) -> Answers:
    taken = [answer.elapsed.total_seconds() * 1000 for answer in answers]
    return Answers(taken, max(len(answer.content) for answer in answers))


def _print(name: str, answers: Answers, promised: str) -> None:
    middle = statistics.median(answers.taken)
    print(
        f"  {name:47}{middle:8.1f} {answers.p99:8.1f} {max(answers.taken):8.1f} "
        f"{answers.size / 1024:6.1f}   {promised}".rstrip(),
        flush=True,
    )


@asynccontextmanager
async def _bridge(url: str, folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with (
        mosquitto(folder) as broker,
        serving(
            *("bridge", "--broker", broker.url, "--listen", "127.0.0.1:0"),
            *("--data-dir", folder, "--database", url),
        ) as bridge,
        httpx.AsyncClient(base_url=bridge.ready[0], timeout=_PATIENCE) as http,
    ):
        await until_told(partial(_is_ready, http))
        yield http


async def _is_ready(http: httpx.AsyncClient) -> bool:
    return (await http.get(_IDLE)).is_success


def _count(connection: Connection) -> int:
    return connection.scalar(select(func.count()).select_from(PAST_JOBS)) or 0


def _newest(connection: Connection) -> int:
    return connection.scalar(select(func.max(PAST_JOBS.c.ended_at))) or 0


def _size(connection: Connection) -> int:
    """How many bytes the database takes on the disk."""
    if connection.dialect.name == "sqlite":
        pages = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
        return connection.scalar(text(pages)) or 0
    return connection.scalar(text("SELECT pg_database_size(current_database())")) or 0


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(prog="bench.history")
    parser.add_argument("--jobs", type=int, default=JOBS, help="how long a history (%(default)s)")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="have SQLite's file there")
    parser.add_argument("--on", choices=["sqlite", "postgresql"], help="one of them only")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        kept = asked.keep or folder
        kept.mkdir(exist_ok=True)
        missed = 0
        if asked.on != "postgresql":
            url = f"sqlite:///{kept / 'history.db'}"
            missed += asyncio.run(measure("SQLite", url, folder, asked.jobs))
        if asked.on != "sqlite":
            initdb(folder / "postgres")
            with cluster(folder / "postgres") as server:
                missed += asyncio.run(_on_postgres(server, folder, asked.jobs))
    print(f"  {missed} of what was promised MISSED" if missed else "  met all that was promised")
    return 0


async def _on_postgres(directory: Path, folder: Path, jobs: int) -> int:
    server = Postgres(directory, is_durable=True)
    await server.start()
    try:
        # As Debian has it; the tests' files are made for small databases.
        await asyncio.to_thread(server.ask, "ALTER SYSTEM SET max_wal_size = '1GB'")
        await asyncio.to_thread(server.ask, "SELECT pg_reload_conf()")
        return await measure("PostgreSQL", await asyncio.to_thread(server.create), folder, jobs)
    finally:
        await server.stop()


if __name__ == "__main__":
    sys.exit(main())
