"""Counting ended jobs for whoever asks: at once where that is quick, else a little at a time.

What goes through all jobs does so in small transactions, so that nobody waits for it; what is
stored meanwhile is not counted, and what is forgotten may be.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from flashyard.contract.faults import Code, refuse
from flashyard.contract.statistics import Statistics
from flashyard_bridge.database.database import Database
from flashyard_bridge.history.statistics.counting import count_at_once, count_some, tell_pool
from flashyard_bridge.history.statistics.question import Question
from flashyard_bridge.history.statistics.segments.pool import Pool

MOST = 2  # long counts at a time


class Census:
    """Counts the jobs of a history.

    Args:
        database: with that history.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._under_way = 0

    async def take(self, question: Question) -> Statistics:
        """Answer a question.

        Raises:
            FaultError: `database_unreachable`; `rate_limited`: others take long already.
        """
        told = await self._database.read(partial(count_at_once, question=question))
        if isinstance(told, Statistics):
            return told
        with self._long_count():
            pool = Pool()
            at: int | None = 0
            while at is not None:
                some = partial(count_some, question=question, pool=pool, after=at, upto=told)
                at = await self._database.read(some)
            return await self._database.read(partial(tell_pool, question=question, pool=pool))

    @contextmanager
    def _long_count(self) -> Iterator[None]:
        if self._under_way >= MOST:
            raise refuse(
                Code.RATE_LIMITED,
                f"There are {MOST} long counts under way already.",
                hint="Try again when one of them is over, or ask for fewer jobs.",
            )
        self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1
