"""Counting ended jobs for whoever asks: at once where that is quick, else a little at a time.

Many jobs that only their own rows can tell are counted in small transactions, so that nobody waits
for them; what is stored or forgotten meanwhile may be counted or not.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from flashyard.contract.faults import Code, refuse
from flashyard.contract.statistics import Statistics
from flashyard_bridge.database.database import Database
from flashyard_bridge.history.statistics.counting import count_at_once, count_more, tell_rows
from flashyard_bridge.history.statistics.question import Question
from flashyard_bridge.history.statistics.rows import Rows

MOST = 2  # long counts at a time
AT_ONCE = 2_500  # jobs


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
            rows = Rows()
            for first in range(0, len(told), AT_ONCE):
                some = told[first : first + AT_ONCE]
                await self._database.read(partial(count_more, rows=rows, some=some))
        return await self._database.read(partial(tell_rows, question=question, rows=rows))

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
