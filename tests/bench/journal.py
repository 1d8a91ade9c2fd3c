"""What the hub's journal costs: per job, its end and its safe points, in microseconds and fsyncs.

Beside a bare SQLite commit on the same disk, and beside the same flash without a journal.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from threading import Event
from typing import NamedTuple

from bench.pairs import Cost, in_turn, spread
from flashyard.agent.clock import Clock
from flashyard.agent.journal import unrecorded
from flashyard.agent.journal.journal import Journal
from flashyard.agent.journal.ledger import Ledger
from flashyard.agent.queueing.turns import Turn
from flashyard.agent.records.course import Course, Subject
from flashyard.agent.records.record import record_of
from flashyard.agent.records.window import SIZE
from flashyard.contract.entries import recent_entry
from flashyard.contract.history import JobRecord
from flashyard.contract.orders import StartOrder
from flashyard.contract.phases import Phase, Status
from flashyard.contract.records import Job
from flashyard.flash.images.generated import Generated
from flashyard.flash.running.mark import Mark
from flashyard.flash.running.recipe import Recipe, Step
from flashyard.flash.running.run import Run
from support.emulated import MIB, Emulated, emulated

SOURCE = Path(__file__).with_name("fsyncs.c")
COUNTED = "FLASHYARD_BENCH_FSYNCS"
COMMITS = 300
FLASHED = 999_999  # the job that goes on while others end
WAITING = 10_000  # records, the most there may be
AT_ONCE = 50  # a device's queue, filled by one who is in a hurry
PART, PARTS = MIB, 64
RECIPE = Recipe(
    steps=(Step("system", Generated("system", PART * PARTS)),), part_size=PART, reboot=False
)


class Price(NamedTuple):
    """Of one thing: microseconds until it is on the disk, and fsyncs."""

    us: float
    fsyncs: float


def main(pairs: int = 7) -> None:
    """Count fsyncs with a shim that the process is started with once more."""
    with tempfile.TemporaryDirectory(dir=os.environ.get("FLASHYARD_BENCH_DISK")) as folder:
        if COUNTED not in os.environ:
            shim = Path(folder) / "fsyncs.so"
            subprocess.run(["gcc", "-O2", "-shared", "-fPIC", "-o", shim, SOURCE], check=True)
            again = {**os.environ, "LD_PRELOAD": str(shim), COUNTED: "1"}
            command = [sys.executable, "-m", "bench.journal", str(pairs)]
            subprocess.run(command, env=again, check=True)
            return
        asyncio.run(measure(Path(folder), pairs))


async def measure(folder: Path, pairs: int) -> None:
    """Print the table."""
    journal = Journal(folder / "journal.db")
    journal.open()
    ledger = Ledger(journal)
    journal.begin()
    numbers = iter(range(1_000_000))
    bare = sqlite3.connect(folder / "bare.db", isolation_level=None)
    bare.execute("PRAGMA journal_mode=WAL")
    bare.execute("PRAGMA synchronous=FULL")
    bare.execute("CREATE TABLE said (what TEXT)")
    said = _order(0).encode().decode()
    course, going_on = _course(), _course()
    _keep(ledger, FLASHED).wait()
    prices = {
        "a bare SQLite commit": _price(partial(_commit, bare, said), COMMITS),
        "an accepted job, one by one": _price(lambda: _accept(ledger, next(numbers)), COMMITS),
        f"an accepted job, {AT_ONCE} at once": _price(
            lambda: _accept_many(ledger, [next(numbers) for _ in range(AT_ONCE)]), 20, AT_ONCE
        ),
        "a safe point": _price(lambda: _mark(ledger, going_on, next(numbers)).wait(), COMMITS),
    }
    ended = iter(range(1_000_000))
    size = len(_record(0, course).encode())
    prices[f"an end, with a record of {size} bytes"] = _price(
        lambda: _end(ledger, next(ended), course).wait(), COMMITS
    )
    kept = iter(range(1_000_000))
    prices["a record that is acknowledged"] = _price(
        lambda: _drop(journal, [_job_id(next(kept))]).wait(), COMMITS
    )
    for _ in range(WAITING):
        last = _end(ledger, next(ended), course)
    last.wait()
    look = partial(unrecorded.find, room=SIZE)
    took = [await _asked(journal, look) for _ in range(COMMITS)]
    before = _fsyncs()
    await _asked(journal, look)
    prices[f"reading {SIZE} of {WAITING} records"] = Price(
        statistics.median(took), _fsyncs() - before
    )
    print(f"{COMMITS} of each; medians in µs until it is on the disk ({_disk(folder)})")
    for what, price in prices.items():
        print(f"  {what:38} {price.us:8.0f} µs  {price.fsyncs:5.2f} fsyncs")
    with emulated(folder / "device") as device:
        before = _fsyncs()
        ours, plain = in_turn(partial(_flash, device, ledger), partial(_flash, device, None), pairs)
        fsyncs = (_fsyncs() - before) / (pairs + 1) / PARTS
    _tell(ours, plain, fsyncs, pairs)
    await journal.close()


def _tell(ours: list[Cost], plain: list[Cost], fsyncs: float, pairs: int) -> None:
    print(f"{PARTS} parts of 1 MiB over TCP, {pairs} pairs, median [least-most]")
    for name, costs in (("with the journal", ours), ("without", plain)):
        walls, cpu = [c.wall * 1000 for c in costs], [c.cpu * 1000 for c in costs]
        print(f"  {name:32} {spread(walls, 0)} ms, {spread(cpu, 0)} CPU-ms")
    more = [(our.wall - their.wall) * 1e6 / PARTS for our, their in zip(ours, plain, strict=True)]
    cpu = [(our.cpu - their.cpu) * 1e6 / PARTS for our, their in zip(ours, plain, strict=True)]
    print(f"  a safe point costs the flash     {spread(more, 0)} µs, {spread(cpu, 0)} CPU-µs,")
    print(f"  and the disk                     {fsyncs:.2f} fsyncs   (goal: none)")
    print("  a part is 128 MiB, or what the device takes at once, where nothing else is said")


def _price(call: Callable[[], object], times: int, each: int = 1) -> Price:
    call()
    took: list[float] = []
    before = _fsyncs()
    for _ in range(times):
        begun = time.perf_counter()
        call()
        took.append((time.perf_counter() - begun) * 1e6 / each)
    return Price(statistics.median(took), (_fsyncs() - before) / times / each)


def _commit(bare: sqlite3.Connection, said: str) -> None:
    bare.execute("INSERT INTO said VALUES (?)", (said,))


def _accept(ledger: Ledger, number: int) -> None:
    _keep(ledger, number).wait()


def _accept_many(ledger: Ledger, numbers: list[int]) -> None:
    for kept in [_keep(ledger, number) for number in numbers]:
        kept.wait()


def _keep(ledger: Ledger, number: int) -> Event:
    order = _order(number)
    job = _job(order)
    turn = Turn(job.job_id, job.priority, number)
    return ledger.keep(order, job, 0, turn, port="tcp:127.0.0.1:5554")


def _job(order: StartOrder) -> Job:
    return Job(
        job_id=order.job_id,
        device_id=order.device_id,
        device_name="Device 1",
        hub_id="bench-a",
        partition=order.partition,
        status=Status.QUEUED,
        phase=Phase.QUEUED,
        stage="Queued",
        total_bytes=order.total_bytes,
        queued_at=0,
    )


def _flash(device: Emulated, ledger: Ledger | None) -> None:
    course = Course(Clock())
    course.enters(Phase.WRITING, "system")
    keep = None if ledger is None else partial(_keep_mark, ledger, course)
    device.flash(RECIPE, run=Run(("system",), course.lines, keep=keep))


def _keep_mark(ledger: Ledger, course: Course, mark: Mark) -> Event:
    return ledger.mark(_job_id(FLASHED), mark, course.news())


def _end(ledger: Ledger, number: int, course: Course) -> Event:
    record = _record(number, course)
    return ledger.end(recent_entry(record.job, record.seq), record)


def _drop(journal: Journal, job_ids: list[str]) -> Event:
    return journal.write(partial(unrecorded.drop, job_ids=job_ids))


async def _asked(journal: Journal, look: Callable[[sqlite3.Connection], object]) -> float:
    begun = time.perf_counter()
    await journal.ask(look)
    return (time.perf_counter() - begun) * 1e6


def _job_id(number: int) -> str:
    return f"job_1703001234_{number:06d}"


def _order(number: int) -> StartOrder:
    return StartOrder(
        order_id=f"o{number}",
        job_id=_job_id(number),
        session="s1",
        issued_at=0,
        device_id="DEVICE_1",
        partition="system",
        total_bytes=PART * PARTS,
    )


def _course() -> Course:
    """What a job leaves behind that was cut into many parts."""
    course = Course(Clock())
    course.went_to(Subject(port="usb:1-1.2", serial="S1", product="raven", emulated=False))
    for phase in (Phase.QUEUED, Phase.PREPARING, Phase.IDENTIFYING, Phase.WRITING):
        course.enters(phase, "system" if phase is Phase.WRITING else None)
    for number in range(PARTS):
        course.lines.add(f"system: part {number} written")
    course.news()
    return course


def _mark(ledger: Ledger, course: Course, parts: int) -> Event:
    course.lines.add(f"system: part {parts} written")
    mark = Mark(phase=Phase.WRITING, parts=parts, bytes=(parts * PART,), met=True, serial="S1")
    return _keep_mark(ledger, course, mark)


def _record(number: int, course: Course) -> JobRecord:
    job = _job(_order(number)).with_(status=Status.COMPLETED, phase=Phase.COMPLETED, finished_at=1)
    return record_of(job, 9, 1, course)


def _fsyncs() -> int:
    return int(ctypes.CDLL(None).flashyard_fsyncs())


def _disk(folder: Path) -> str:
    found = subprocess.run(
        ["stat", "--file-system", "--format=%T", folder], check=True, capture_output=True, text=True
    )
    return found.stdout.strip()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
