"""The one way in which lines leave the audit trail: the oldest ones, once the trail says so.

The line that says it comes first; without it the database refuses, as its migration tells.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from itertools import takewhile
from typing import NoReturn

from sqlalchemy import Connection, delete, select

from flashyard.contract.audit import AuditEntry
from flashyard_bridge.audit.lines import append
from flashyard_bridge.database.database import Database
from flashyard_bridge.database.tables.audit import AUDIT
from flashyard_bridge.database.upkeep import DAY, keep_pruning

BATCH = 10_000  # lines in a transaction
SOON = 0.2  # s; there is more, and others write, too


class Pruner:
    """Removes what is too old for as long as :meth:`run` runs.

    Args:
        database: with the trail.
        now: the bridge's clock, Unix ms.
        keep: days that a line is kept; 0: for ever.
    """

    def __init__(self, database: Database, now: Callable[[], int], keep: int) -> None:
        self._database = database
        self._now = now
        self._keep = keep

    async def run(self) -> NoReturn:
        """Look once an hour, for ever."""
        await keep_pruning("the audit trail", self._go_round)

    async def _go_round(self) -> None:
        is_due = self._keep > 0
        while is_due:
            now = self._now()
            work = partial(prune, before=now - self._keep * DAY, now=now)
            is_due = await self._database.write(work) == BATCH
            await asyncio.sleep(SOON)


def prune(connection: Connection, *, before: int, now: int) -> int:
    """Remove the oldest lines that are from before, Unix ms, and say so; return how many.

    At most 10,000, and none that comes after one to be kept, whatever its clock said.
    """
    query = select(AUDIT.c.number, AUDIT.c.at).order_by(AUDIT.c.number).limit(BATCH)
    oldest = connection.execute(query).all()
    removed = list(takewhile(lambda row: row.at < before, oldest))
    if not removed:
        return 0
    details = {
        "lines": len(removed),
        "through": removed[-1].number,
        "since": min(row.at for row in removed),
        "until": max(row.at for row in removed),
    }
    append(
        connection,
        [AuditEntry(at=now, action="trail_pruned", outcome="noted", details=details)],
    )
    connection.execute(delete(AUDIT).where(AUDIT.c.number <= removed[-1].number))
    return len(removed)
