"""The one who keeps the history: stores what hubs tell of ended jobs, and tells them that it is.

What is not stored is not acknowledged, and its hub tells it again. An end that a bridge wrote
nobody tells again: it is kept here until it is stored.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import islice
from typing import NoReturn

from sqlalchemy.exc import SQLAlchemyError

from flashyard.contract.faults import Fault, FaultError
from flashyard.contract.history import JobRecord, Teller
from flashyard.contract.messages import FlashFailed
from flashyard.contract.orders import Recorded
from flashyard.contract.topics import Kind, build
from flashyard.contract.tracked import Frame
from flashyard.link import Link
from flashyard_bridge.database.upkeep import keep_writing
from flashyard_bridge.history.history import History
from flashyard_bridge.history.past import Past
from flashyard_bridge.picture.fleet import Fleet
from flashyard_bridge.picture.given_up import record_of

BATCH = 1_024  # records in a transaction; of more, fewer rows of statistics change for each
MOST = 2_048  # of hubs' records that wait; a hub has no more than 16 under way

_log = logging.getLogger(__name__)
_Key = tuple[str, Teller]


class Archivist:
    """Stores for as long as :meth:`run` runs.

    Args:
        history: where to.
        fleet: whose jobs a bridge gave up, and what is known of them.
        link: over which hubs are told.
        now: the bridge's clock, Unix ms.

    Attributes:
        trouble: why nothing can be stored now; None: it can, as far as is known.
    """

    def __init__(self, history: History, fleet: Fleet, link: Link, now: Callable[[], int]) -> None:
        self.trouble: Fault | None = None
        self._history = history
        self._fleet = fleet
        self._link = link
        self._now = now
        self._waiting: dict[_Key, Past] = {}
        self._news = asyncio.Event()

    @property
    def waiting(self) -> int:
        """How many records are not stored yet."""
        return len(self._waiting)

    def take(self, record: JobRecord) -> None:
        """Take what a hub tells of a job; never waits. Another hub's word is not its word."""
        known = self._fleet.job(record.job_id)
        is_its = known is None or known.hub_id == record.hub_id
        if record.job.is_final and is_its:
            self._keep(Past(record, "hub", self._now()))

    def hear(self, frames: Sequence[Frame]) -> None:
        """Take the ends that the bridge itself wrote; never waits."""
        for frame in frames:
            said = frame.message
            if isinstance(said, FlashFailed) and said.by == "bridge":
                record = record_of(self._fleet, said)
                if record is not None:
                    self._keep(Past(record, "bridge", self._now()))

    async def run(self) -> NoReturn:
        """Store for ever."""
        await keep_writing(self._news, self._go_round)

    def _keep(self, past: Past) -> None:
        key = past.record.job_id, past.told_by
        is_told_again = past.told_by == "hub"  # nobody would tell a bridge's own word again
        if is_told_again and key not in self._waiting and len(self._waiting) >= MOST:
            return
        self._waiting[key] = past
        self._news.set()

    async def _go_round(self) -> bool:
        """Store some of what waits; False: it could not be."""
        due = list(islice(self._waiting.values(), BATCH))
        stored = list(due)
        try:
            history_id = await self._store(stored)
        except FaultError as error:
            self._turn(error.fault)
            return False
        self._turn(None)
        for past in due:
            key = past.record.job_id, past.told_by
            if self._waiting.get(key) is past:
                del self._waiting[key]
        if not self._waiting:
            self._news.clear()
        if history_id is not None:
            self._tell(stored, history_id)
        return True

    async def _store(self, pasts: list[Past]) -> str | None:
        """Store records; one that cannot be is taken out of them: nobody is told that it is."""
        try:
            return await self._history.store(pasts)
        except (SQLAlchemyError, ValueError, ArithmeticError):  # for what is in a record
            if len(pasts) == 1:
                _log.exception("%s cannot be stored", pasts[0].record.job_id)
                pasts.clear()
                return None
        half = len(pasts) // 2
        first, second = pasts[:half], pasts[half:]
        ids = [await self._store(each) for each in (first, second)]
        pasts[:] = first + second
        return ids[0] or ids[1]

    def _tell(self, pasts: Sequence[Past], history_id: str) -> None:
        """Tell each hub which of its records need not be repeated; a lost word is asked again."""
        by_hub: defaultdict[str, list[str]] = defaultdict(list)
        for past in pasts:
            if past.told_by == "hub":
                by_hub[past.record.hub_id].append(past.record.job_id)
        for hub_id, job_ids in by_hub.items():
            word = Recorded(job_ids=tuple(job_ids), history_id=history_id)
            self._link.publish(build(Kind.RECORDED, hub_id), word.encode(), qos=1)

    def _turn(self, trouble: Fault | None) -> None:
        if trouble is None and self.trouble is not None:
            _log.warning("the history is kept again; %d records wait", len(self._waiting))
        elif trouble is not None and self.trouble is None:
            _log.error("the history cannot be kept for now: %s %s", trouble, trouble.details)
        self.trouble = trouble
