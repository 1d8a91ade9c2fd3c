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
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from itertools import islice
from pathlib import Path

import httpx
import psutil
from sqlalchemy import Connection, func, select, text

from bench.asker import IDLE, Answers, Asker
from bench.questions import PROMISED, questions
from bench.year import year
from flashyard_bridge.database.database import Database
from flashyard_bridge.database.tables.history import PAST_JOBS
from flashyard_bridge.history.archivist import BATCH
from flashyard_bridge.history.statistics.segments.kept import gather
from flashyard_bridge.history.store import store
from support.mosquitto import mosquitto
from support.postgres import Postgres, cluster, initdb
from support.processes import serving
from support.waiting import until_told

JOBS = 1_000_000
LEAST = 2_000  # jobs/s that are promised
_STRETCH = 20  # batches that are told together
_PATIENCE = 60.0  # seconds for an answer


async def measure(kind: str, url: str, folder: Path, jobs: int) -> int:
    """Store so many in a database, ask them, and print the table; return how much was missed."""
    print(f"{kind}, {jobs} jobs", flush=True)
    missed = 0
    database = Database(url)
    await asyncio.to_thread(database.open)
    try:
        until = time.time_ns() // 1_000_000
        if not (held := await database.read(_count)):
            missed += await _fill(database, until, jobs) < LEAST
            held = await database.read(_count)
        print(f"  {await database.read(_size) / held:.0f} bytes a job", flush=True)
        until = await database.read(_newest)
    finally:
        await asyncio.to_thread(database.close)
    async with _bridge(url, folder) as asker:
        return missed + await _ask_all(asker, until)


async def _fill(database: Database, until: int, jobs: int) -> float:
    """Store them, and print how that went; return the jobs/s."""
    rates, all_taken, cpu = [], 0.0, 0.0
    told = year(jobs, until)
    while some := list(islice(told, _STRETCH * BATCH)):
        began, cpu_before = time.perf_counter(), time.process_time()
        for first in range(0, len(some), BATCH):
            await database.write(partial(store, pasts=some[first : first + BATCH]))
            await database.write(gather)
        taken = time.perf_counter() - began
        all_taken += taken
        cpu += time.process_time() - cpu_before
        rates.append(len(some) / taken)
    mean = jobs / all_taken
    print(
        f"  {'MISSED' if mean < LEAST else 'met   '} {mean:.0f} jobs/s stored, {BATCH} in a "
        f"transaction ({LEAST} promised); the slowest {_STRETCH * BATCH} {min(rates):.0f}/s, the "
        f"last {rates[-1]:.0f}/s; {cpu / jobs * 1e6:.0f} us of CPU each, the server's not counted"
    )
    return mean


async def _ask_all(asker: Asker, until: int) -> int:
    """Ask everything, and print a line for each question; return how many were too slow."""
    print(f"  {'ms':46}{'p50':>8}{'p99':>8}{'most':>8}{'CPU':>8}{'KiB':>8}   promised")
    _print(f"nothing ({IDLE})", await asker.ask([IDLE] * 200), "")
    missed = 0
    for question in questions(until):
        name = f"{question.kind}: {question.name}"
        try:
            answers = await asker.ask(question.paths, follows=question.follows)
        except httpx.HTTPStatusError as error:
            print(f"  {name:46}MISSED {error.response.status_code}: {error.response.text[:100]}")
            missed += 1
            continue
        is_late = answers.p99 > (bound := PROMISED[question.kind])
        missed += is_late
        _print(name, answers, f"{bound}{' MISSED' * is_late}")
    return missed


def _print(name: str, answers: Answers, promised: str) -> None:
    middle, most, size = statistics.median(answers.taken), max(answers.taken), answers.size / 1024
    figures = f"{middle:8.1f}{answers.p99:8.1f}{most:8.1f}{answers.cpu:8.1f}{size:8.1f}"
    print(f"  {name:46}{figures}   {promised}".rstrip(), flush=True)


@asynccontextmanager
async def _bridge(url: str, folder: Path) -> AsyncIterator[Asker]:
    async with (
        mosquitto(folder) as broker,
        serving(
            *("bridge", "--broker", broker.url, "--listen", "127.0.0.1:0"),
            *("--data-dir", folder, "--database", url),
        ) as bridge,
        httpx.AsyncClient(base_url=bridge.ready[0], timeout=_PATIENCE) as http,
    ):
        asker = Asker(http, psutil.Process(bridge.pid))
        await until_told(asker.is_ready)
        yield asker


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
            initdb(folder / "postgres", segment=16)  # as Debian has it, as is `max_wal_size`
            with cluster(folder / "postgres") as server:
                missed += asyncio.run(_on_postgres(server, folder, asked.jobs))
    print(f"  {missed} of what was promised MISSED" if missed else "  met all that was promised")
    return 0


async def _on_postgres(directory: Path, folder: Path, jobs: int) -> int:
    server = Postgres(directory, is_durable=True)
    await server.start()
    try:
        # The tests' files are made for small databases.
        await asyncio.to_thread(server.ask, "ALTER SYSTEM SET max_wal_size = '1GB'")
        await asyncio.to_thread(server.ask, "SELECT pg_reload_conf()")
        return await measure("PostgreSQL", await asyncio.to_thread(server.create), folder, jobs)
    finally:
        await server.stop()


if __name__ == "__main__":
    sys.exit(main())
