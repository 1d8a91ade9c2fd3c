"""Going through all jobs, some segments at a time, each time in a transaction of the caller's."""

from __future__ import annotations

from sqlalchemy import Connection

from flashyard.contract.statistics import Statistics
from flashyard_bridge.history.statistics.counting import tell_groups
from flashyard_bridge.history.statistics.question import Question
from flashyard_bridge.history.statistics.segments.kept import some
from flashyard_bridge.history.statistics.segments.pool import Pool
from flashyard_bridge.history.statistics.segments.sieve import sift

AT_ONCE = 16  # segments; so that nobody else waits for long


class Passage:
    """One way through, up to a number.

    Args:
        question: what is asked.
        upto: the last number that counts.

    Attributes:
        is_over: was that all?
    """

    def __init__(self, question: Question, upto: int) -> None:
        self.is_over = False
        self._question = question
        self._upto = upto
        self._after = 0
        self._pool = Pool()

    def go_on(self, connection: Connection) -> None:
        """Count some more."""
        sought = self._question.sought
        found = some(connection, sought, self._after, self._upto, AT_ONCE)
        for segment in found.segments:
            self._pool.add(segment, sift(segment, sought))
        if found.last is None:
            self.is_over = True
        else:
            self._after = found.last

    def tell(self, connection: Connection) -> Statistics:
        """Tell what they come to."""
        groups, scale = self._pool.count(self._question)
        return tell_groups(connection, self._question, groups, scale)
