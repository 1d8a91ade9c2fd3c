"""The records of ended jobs that no history has yet, as rows: the oldest first, so many, so long.

How long is counted in ticks of a hub at work while any wait: nobody loses them by setting a clock,
nor by leaving a hub switched off. It knows neither links nor when a record is due.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from flashyard.contract.records import Unrecorded

MOST = 10_000  # records
TICK = 600.0  # seconds
LONGEST = 30 * 24 * 6  # ticks: 30 days

_ADD = """
INSERT OR IGNORE INTO records (job_id, ended_at, kept_at, record)
SELECT ?, ?, value, ? FROM totals WHERE what = 'ticks'
"""
_TOO_MANY = """
DELETE FROM records
WHERE number IN (SELECT number FROM records ORDER BY number LIMIT ?)
"""
_TOO_OLD = """
DELETE FROM records
WHERE kept_at <= (SELECT value FROM totals WHERE what = 'ticks') - ?
"""
_MORE = "UPDATE totals SET value = value + ? WHERE what = ?"


class Row(NamedTuple):
    """One record: its place in the order of ends, whose it is, and the payload to be sent."""

    number: int
    job_id: str
    payload: bytes


class Found(NamedTuple):
    """What there is to be told of all that wait, and those of them that were asked for."""

    told: Unrecorded
    rows: list[Row]


def add(connection: sqlite3.Connection, job_id: str, ended_at: int, payload: bytes) -> None:
    """Keep a record; ``ended_at``: Unix ms. Of too many the oldest is given up."""
    connection.execute(_ADD, (job_id, ended_at, zlib.compress(payload)))
    if (excess := _count(connection) - MOST) > 0:
        _give_up(connection, _TOO_MANY, excess)


def drop(connection: sqlite3.Connection, job_ids: Iterable[str]) -> None:
    """Forget records that a history has; others' ids are nobody's."""
    connection.executemany("DELETE FROM records WHERE job_id = ?", ((each,) for each in job_ids))


def tick(connection: sqlite3.Connection) -> None:
    """Count a tick gone by; what has been kept for too long is given up."""
    connection.execute(_MORE, (1, "ticks"))
    _give_up(connection, _TOO_OLD, LONGEST)


def find(
    connection: sqlite3.Connection,
    due: Sequence[int] = (),
    *,
    beside: Sequence[int] = (),
    after: int = 0,
    room: int = 0,
) -> Found:
    """Read those that are due, by number, and up to ``room`` others ``beside`` those.

    The others are the first that come after a number, and then those before it.
    """
    numbers = [*due, *_others(connection, beside, after, room)]
    rows = [*filter(None, (_row(connection, number) for number in numbers))]
    return Found(_counted(connection), rows)


def _row(connection: sqlite3.Connection, number: int) -> Row | None:
    """Read one; None: it is not there, or not any more what was written, and so given up."""
    asked = "SELECT job_id, record FROM records WHERE number = ?"
    found = connection.execute(asked, (number,)).fetchone()
    if found is None:
        return None
    try:
        return Row(number, found[0], zlib.decompress(found[1]))
    except zlib.error:
        _give_up(connection, "DELETE FROM records WHERE number = ?", number)
        return None


def _others(
    connection: sqlite3.Connection, beside: Sequence[int], after: int, room: int
) -> list[int]:
    if not room:
        return []
    taken, most = set(beside), room + len(beside)
    asked = "SELECT number FROM records WHERE number {} ? ORDER BY number LIMIT ?"
    found: list[int] = []
    for side in (">", "<="):
        rows = connection.execute(asked.format(side), (after, most))
        found += [number for (number,) in rows if number not in taken]
    return found[:room]


def _counted(connection: sqlite3.Connection) -> Unrecorded:
    since = connection.execute("SELECT ended_at FROM records ORDER BY number LIMIT 1").fetchone()
    (lost,) = connection.execute("SELECT value FROM totals WHERE what = 'lost'").fetchone()
    return Unrecorded(waiting=_count(connection), since=since and since[0], lost=lost)


def _count(connection: sqlite3.Connection) -> int:
    (waiting,) = connection.execute("SELECT count(*) FROM records").fetchone()
    return int(waiting)


def _give_up(connection: sqlite3.Connection, which: str, bound: int) -> None:
    lost = connection.execute(which, (bound,)).rowcount
    if lost:
        connection.execute(_MORE, (lost, "lost"))
