"""The audit trail as a bridge keeps it: noted at once, written soon, and never waited for.

What cannot be written now is kept, up to a bound; what is beyond it is counted, and the trail has
a line that says so once it is written again.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable, Mapping
from functools import partial
from itertools import islice
from typing import NoReturn

from sqlalchemy.exc import SQLAlchemyError

from flashyard.contract.audit import AuditEntry
from flashyard.contract.faults import Fault, FaultError
from flashyard_bridge.audit.lines import append_once
from flashyard_bridge.database.database import Database
from flashyard_bridge.database.upkeep import keep_writing

MOST = 10_000  # lines that wait
BATCH = 500  # lines in a transaction
FAREWELL = 3.0  # s in which a bridge that stops writes what waits

_log = logging.getLogger(__name__)


class Trail:
    """Writes for as long as :meth:`run` runs, and the rest in :meth:`finish`.

    Args:
        database: where to.
        now: the bridge's clock, Unix ms.

    Attributes:
        trouble: why nothing can be written now; None: it can, as far as is known.
        lost: lines that there was no room for, or that the database takes for none; it only grows.
    """

    def __init__(self, database: Database, now: Callable[[], int]) -> None:
        self.trouble: Fault | None = None
        self.lost = 0
        self._untold = self._lost_since = 0  # of these; the trail does not count them yet
        self._database = database
        self._now = now
        # By their marks: whether a write that broke off was done is seen by these.
        self._waiting: dict[str, AuditEntry] = {}
        self._news = asyncio.Event()

    @property
    def waiting(self) -> int:
        """How many lines are not written yet."""
        return len(self._waiting)

    def note(self, entry: AuditEntry) -> None:
        """Take a line; never waits and never fails."""
        if len(self._waiting) < MOST:
            self._keep(entry)
            return
        self._lose(entry)

    async def run(self) -> NoReturn:
        """Write for ever."""
        await keep_writing(self._news, self._write)

    async def finish(self) -> None:
        """Write what waits, where that can be done soon; say what is lost with this process."""
        try:
            async with asyncio.timeout(FAREWELL):
                while self._waiting and await self._write():
                    pass
        except TimeoutError:
            pass
        if left := len(self._waiting) + self._untold:
            _log.error("%d lines of the audit trail are lost: it could not be written", left)

    async def _write(self) -> bool:
        """Write some of what waits; False: it could not be."""
        due = dict(islice(self._waiting.items(), BATCH))
        try:
            await self._append(due)
        except FaultError as error:
            self._turn(error.fault)
            return False
        self._turn(None)
        for mark in due:
            self._waiting.pop(mark, None)
        if self._untold:
            self._tell_lost()
        if not self._waiting:
            self._news.clear()
        return True

    async def _append(self, due: Mapping[str, AuditEntry]) -> None:
        """Append lines; one that the database does not take for one holds up no other."""
        try:
            await self._database.write(partial(append_once, entries=due))
        except SQLAlchemyError as error:
            if len(due) == 1:
                _log.error("a line of the audit trail is refused: %.500s", error)
                [(mark, entry)] = due.items()
                del self._waiting[mark]
                self._lose(entry)
                return
            lines, half = list(due.items()), len(due) // 2
            await self._append(dict(lines[:half]))
            await self._append(dict(lines[half:]))

    def _keep(self, entry: AuditEntry) -> None:
        self._waiting[secrets.token_hex(8)] = entry
        self._news.set()

    def _lose(self, entry: AuditEntry) -> None:
        self._lost_since = self._lost_since or entry.at
        self._untold += 1
        self.lost += 1

    def _tell_lost(self) -> None:
        """Have the trail say how many lines it lacks."""
        details = {"lines": self._untold, "since": self._lost_since, "until": self._now()}
        self._untold = self._lost_since = 0
        self._keep(
            AuditEntry(at=self._now(), action="lines_lost", outcome="noted", details=details)
        )

    def _turn(self, trouble: Fault | None) -> None:
        if trouble is None and self.trouble is not None:
            _log.warning("the audit trail is written again; %d lines wait", len(self._waiting))
        elif trouble is not None and self.trouble is None:
            _log.error("the audit trail waits for the database: %s %s", trouble, trouble.details)
        self.trouble = trouble
