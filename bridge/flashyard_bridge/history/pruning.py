"""Jobs leave the history when they are too old, or too many: those longest on record go first.

In which order they are on record is the bridges' own affair; no hub's clock has a say in it. What
goes is noted in the audit trail, in the same transaction.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from itertools import takewhile
from typing import NamedTuple, NoReturn

from sqlalchemy import Connection, func, select

from flashyard.contract.audit import AuditEntry
from flashyard_bridge.audit.lines import append
from flashyard_bridge.database.database import Database
from flashyard_bridge.database.tables.history import PAST_JOBS
from flashyard_bridge.database.upkeep import DAY, keep_pruning
from flashyard_bridge.history.store import forget

BATCH = 500  # jobs in a transaction
SOON = 0.5  # s; there is more, and others write, too
SPARE = 0.01  # of the most that go at once where there are too many, so that it is rarely done

_J = PAST_JOBS.c


class Bounds(NamedTuple):
    """How much is kept: for so many days, and so many jobs; 0: no such bound."""

    days: int
    jobs: int


class _Recorded(NamedTuple):
    """Which job, and when it was stored, Unix ms."""

    number: int
    at: int


class Pruner:
    """Removes what is too much for as long as :meth:`run` runs.

    Several bridges may do so on one database: each transaction looks anew.

    Args:
        database: with the history.
        now: the bridge's clock, Unix ms.
        bounds: how much is kept.
    """

    def __init__(self, database: Database, now: Callable[[], int], bounds: Bounds) -> None:
        self._database = database
        self._now = now
        self._bounds = bounds

    async def run(self) -> NoReturn:
        """Look once an hour, for ever."""
        await keep_pruning("the history", self._go_round)

    async def _go_round(self) -> None:
        now = self._now()
        before = now - self._bounds.days * DAY if self._bounds.days else 0
        left = await self._database.read(partial(_left, most=self._bounds.jobs))
        while await self._database.read(partial(_is_due, before=before, most=left)):
            await self._database.write(partial(prune, before=before, most=left, now=now))
            await asyncio.sleep(SOON)


def prune(connection: Connection, *, before: int, most: int, now: int) -> int:
    """Remove up to 500 jobs, the longest on record first, and say so; return how many.

    Args:
        connection: in a transaction that writes.
        before: those recorded before it are too old, Unix ms; none that comes after one which is
            not goes, whatever the clock said.
        most: jobs that may be left; 0: any number.
        now: Unix ms.
    """
    oldest = _oldest(connection, BATCH)
    old = len(_too_old(oldest, before))
    many = min(_too_many(connection, most), len(oldest))
    if not (gone := oldest[: max(old, many)]):
        return 0
    forget(connection, [row.number for row in gone])
    details = {
        "jobs": len(gone),
        "tooOld": old,
        "tooMany": len(gone) - old,
        "recordedSince": min(row.at for row in gone),
        "recordedUntil": max(row.at for row in gone),
    }
    append(
        connection,
        [AuditEntry(at=now, action="history_pruned", outcome="noted", details=details)],
    )
    return len(gone)


def _left(connection: Connection, most: int) -> int:
    """How many jobs may be left: where there are too many, some less than the most."""
    return most - int(most * SPARE) if _too_many(connection, most) else most


def _is_due(connection: Connection, *, before: int, most: int) -> bool:
    is_old = bool(_too_old(_oldest(connection, 1), before))
    return is_old or _too_many(connection, most) > 0


def _oldest(connection: Connection, most: int) -> Sequence[_Recorded]:
    query = select(_J.number, _J.recorded_at).order_by(_J.number).limit(most)
    return [_Recorded(*row) for row in connection.execute(query)]


def _too_old(oldest: Sequence[_Recorded], before: int) -> Sequence[_Recorded]:
    return list(takewhile(lambda row: row.at < before, oldest))


def _too_many(connection: Connection, most: int) -> int:
    if not most:
        return 0
    return max((connection.scalar(select(func.count()).select_from(PAST_JOBS)) or 0) - most, 0)
