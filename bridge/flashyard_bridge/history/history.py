"""The history: what is stored in it, and what is found there, in the bridge's database."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from sqlalchemy import Connection, select

from flashyard.contract.history import PastJob
from flashyard.contract.records import LogLine
from flashyard.contract.statistics import Statistics
from flashyard_bridge.database.database import Database
from flashyard_bridge.database.tables.history import PAST_JOBS, PAST_LOGS
from flashyard_bridge.history import finding
from flashyard_bridge.history import store as storing
from flashyard_bridge.history.past import Past, lines_of, past_job
from flashyard_bridge.history.sought import Place, Sought
from flashyard_bridge.history.statistics.census import Census
from flashyard_bridge.history.statistics.question import Question
from flashyard_bridge.history.statistics.segments.gatherer import Gatherer
from flashyard_bridge.learning.store import in_hindsight


class Page(NamedTuple):
    """Ended jobs, the newest first; ``last``: the place of the last, while there are more."""

    jobs: tuple[PastJob, ...]
    last: Place | None


class History:
    """Every method raises `database_unreachable`.

    Attributes:
        gatherer: puts what was stored where it is counted quicker, for as long as that runs.
    """

    def __init__(self, database: Database) -> None:
        self.gatherer = Gatherer(database)
        self._database = database
        self._census = Census(database)

    async def store(self, pasts: Sequence[Past]) -> str:
        """Store what jobs came to, all or none; what is there already changes nothing.

        Returns:
            Which history this is; it has one id for as long as its database lives.
        """
        history_id = await self._database.write(partial(_store, pasts=pasts))
        self.gatherer.hear(len(pasts))
        return history_id

    async def page(self, sought: Sought, before: Place | None, limit: int) -> Page:
        """The newest of those that are sought, of those behind a place."""
        return await self._database.read(partial(_page, sought=sought, before=before, limit=limit))

    async def statistics(self, question: Question) -> Statistics:
        """What ended jobs add up to; raises `rate_limited`, too."""
        return await self._census.take(question)

    async def job(self, job_id: str) -> PastJob | None:
        """One job, or None."""
        return await self._database.read(partial(_job, job_id=job_id))

    async def log(self, job_id: str) -> list[LogLine] | None:
        """The end of a job's log; None: it is not in the history."""
        return await self._database.read(partial(_log, job_id=job_id))


def _store(connection: Connection, pasts: Sequence[Past]) -> str:
    storing.store(connection, pasts)
    return storing.history_id(connection)


def _page(connection: Connection, sought: Sought, before: Place | None, limit: int) -> Page:
    found = finding.find(connection, sought, before, limit + 1)
    shown = found[:limit]
    numbers = [each.number for each in shown]
    rows = connection.execute(select(PAST_JOBS).where(PAST_JOBS.c.number.in_(numbers))).mappings()
    jobs = {row["number"]: past_job(row) for row in rows}
    is_last = len(found) == len(shown)
    return Page(tuple(jobs[number] for number in numbers), None if is_last else shown[-1].place)


def _job(connection: Connection, job_id: str) -> PastJob | None:
    found = select(PAST_JOBS).where(PAST_JOBS.c.job_id == job_id)
    row = connection.execute(found).mappings().one_or_none()
    if row is None:
        return None
    [past] = in_hindsight(connection, [past_job(row)])
    return past


def _log(connection: Connection, job_id: str) -> list[LogLine] | None:
    found = (
        select(PAST_LOGS.c.lines)
        .select_from(PAST_JOBS.outerjoin(PAST_LOGS))
        .where(PAST_JOBS.c.job_id == job_id)
    )
    row = connection.execute(found).one_or_none()
    if row is None:
        return None
    return lines_of(row.lines) if row.lines is not None else []
