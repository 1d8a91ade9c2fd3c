"""What happened to jobs that are not over, as rows: written along with the rest, never alone.

It knows no agent, and judges nothing of what it keeps.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Sequence

from flashyard.agent.records.course import BOUNDS, Kind, Noted, decode

_NOTE = """
INSERT INTO courses VALUES (?, ?, ?, ?)
ON CONFLICT (job_id, kind, number) DO UPDATE SET told = excluded.told
"""
_PRUNE = "DELETE FROM courses WHERE job_id = ? AND kind = ? AND number <= ?"


def note(connection: sqlite3.Connection, job_id: str, news: Sequence[Noted]) -> None:
    """Write down what is new or has changed; of too many of a kind the oldest go."""
    if not news:
        return
    rows = [(job_id, kind, number, what.encode().decode()) for kind, number, what in news]
    connection.executemany(_NOTE, rows)
    newest: defaultdict[Kind, int] = defaultdict(int)
    for kind, number, _ in news:
        newest[kind] = max(newest[kind], number)
    for kind, number in newest.items():
        if number >= BOUNDS[kind]:
            connection.execute(_PRUNE, (job_id, kind, number - BOUNDS[kind]))


def forget(connection: sqlite3.Connection, job_id: str) -> None:
    """Drop what there is of a job that is over."""
    connection.execute("DELETE FROM courses WHERE job_id = ?", (job_id,))


def read(connection: sqlite3.Connection) -> dict[str, list[Noted]]:
    """Read all of it, by job, in order.

    Raises:
        ValueError: something in it makes no sense.
    """
    courses: defaultdict[str, list[Noted]] = defaultdict(list)
    rows = connection.execute(
        "SELECT job_id, kind, number, told FROM courses ORDER BY job_id, kind, number"
    )
    for job_id, kind, number, told in rows:
        courses[job_id].append(decode(kind, number, told))
    return courses
