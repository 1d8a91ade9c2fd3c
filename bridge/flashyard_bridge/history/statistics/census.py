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
from flashyard_bridge.history.statistics.counting import count_at_once
from flashyard_bridge.history.statistics.question import Question

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
        # It loads numpy, for which there is no need before.
        from flashyard_bridge.history.statistics.segments.passage import Passage  # noqa: PLC0415

        with self._long_count():
            passage = Passage(question, told)
            while not passage.is_over:
                await self._database.read(passage.go_on)
            return await self._database.read(passage.tell)

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
