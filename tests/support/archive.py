"""What history, audit trail and statistics have of jobs, read from their database itself."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import NullPool, create_engine, func, select

from flashyard.contract.phases import Status
from flashyard_bridge.database.tables.audit import AUDIT
from flashyard_bridge.database.tables.history import PAST_JOBS, PAST_STEPS
from flashyard_bridge.database.tables.rollups import ROLLUPS
from support.waiting import until_told


class Stored(NamedTuple):
    """One job as it is stored: its end, whose word that is, its bytes, and how many steps."""

    status: str
    code: str | None
    told_by: str
    bytes: int
    steps: int


class Archive:
    """The history in one database, by URL. ``jobs``: what was found in it last, by job id."""

    def __init__(self, url: str) -> None:
        self.jobs: dict[str, list[Stored]] = {}
        self._engine = create_engine(url, poolclass=NullPool)

    async def has(self, job_ids: Collection[str], within: float = 90.0) -> bool:
        """Wait until it has all of these; are they in it?"""

        async def are_there() -> bool:
            await asyncio.to_thread(self.read)
            return self.jobs.keys() >= set(job_ids)

        try:
            return await until_told(are_there, within)
        except TimeoutError:
            return False

    def lines(self, action: str) -> Counter[str]:
        """Tell how many lines with this action the audit trail has of each job."""
        found = select(AUDIT.c.job_id).where(AUDIT.c.action == action)
        with self._engine.connect() as connection:
            return Counter(connection.scalars(found))

    def counted(self) -> Counter[str]:
        """Tell how many jobs the statistics have, by how they ended."""
        ends = [Status.COMPLETED, Status.FAILED, Status.CANCELLED]
        sums = select(*(func.sum(ROLLUPS.c[end]) for end in ends))
        of_days = sums.where(ROLLUPS.c.view == "totals", ROLLUPS.c.days == 1)
        with self._engine.connect() as connection:
            row = connection.execute(of_days).one()
        return Counter({end: int(number or 0) for end, number in zip(ends, row, strict=True)})

    def read(self) -> None:
        """Read all of it."""
        steps = (
            select(PAST_STEPS.c.number, func.count().label("steps"))
            .group_by(PAST_STEPS.c.number)
            .subquery()
        )
        found = select(PAST_JOBS, steps.c.steps).join(steps, isouter=True)
        jobs: defaultdict[str, list[Stored]] = defaultdict(list)
        with self._engine.connect() as connection:
            for row in connection.execute(found):
                stored = Stored(row.status, row.code, row.told_by, row.bytes, row.steps or 0)
                jobs[row.job_id].append(stored)
        self.jobs = dict(jobs)
