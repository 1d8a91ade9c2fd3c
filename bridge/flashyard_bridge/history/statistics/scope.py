"""What of a question the rollups can answer: by which of their rows, and what is left over.

Where a block of days is nearly whole, it is taken whole, and what is too much is taken away.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple, TypeAlias

from sqlalchemy import ColumnElement, select

from flashyard_bridge.database.tables.rollups import KITS, ROLLUPS
from flashyard_bridge.history.sought import FOREVER, Sought
from flashyard_bridge.history.statistics.facts import DAY
from flashyard_bridge.history.statistics.groups import Kind
from flashyard_bridge.history.statistics.table import ALL_KITS, BLOCK

Sign: TypeAlias = Literal[1, -1]
_R = ROLLUPS.c


class Span(NamedTuple):
    """Rows of so many days, of the days from ``first`` on that are before ``end``."""

    days: int
    first: int
    end: int
    sign: Sign = 1


class Edge(NamedTuple):
    """Jobs to be added, or taken away, one by one."""

    sought: Sought
    sign: Sign


@dataclass(frozen=True, slots=True)
class Scope:
    """The days of a question that asks for nothing the rollups do not know.

    Attributes:
        sought: the question.
        first, end: days since 1970; with a partition, for which most rows are of blocks, those
            of blocks.
    """

    sought: Sought
    first: int
    end: int

    @classmethod
    def of(cls, sought: Sought) -> Scope | None:
        """Find it; None: only the jobs' own rows can tell."""
        others = replace(sought, hub_id=None, partition=None, status=None, since=0, until=0)
        if others != Sought(until=0):
            return None
        first, end = -(-sought.since // DAY), sought.until // DAY
        if sought.partition is not None:
            first, end = _nearest(first), _nearest(end)
        return cls(sought, first, end) if first < end else None

    def edges(self) -> list[Edge]:
        """Ask for what is missing, and for what is too much."""
        sought, first, end = self.sought, self.first * DAY, self.end * DAY
        edges = [
            Edge(replace(sought, until=first), 1),
            Edge(replace(sought, since=first, until=sought.since), -1),
        ]
        if sought.until < FOREVER:
            edges.append(Edge(replace(sought, since=end), 1))
            edges.append(Edge(replace(sought, since=sought.until, until=end), -1))
        return [edge for edge in edges if edge.sought.since < edge.sought.until]

    def days(self) -> list[Span]:
        """Cover it by single days."""
        return [Span(1, self.first, self.end)]

    def spans(self) -> list[Span]:
        """Cover it by blocks, and by as few single days as can be."""
        first, end = _nearest(self.first), _nearest(self.end)
        if first >= end:
            return self.days()
        spans = [
            Span(BLOCK, first, end),
            Span(1, self.first, first),
            Span(1, first, self.first, -1),
            Span(1, end, self.end),
            Span(1, self.end, end, -1),
        ]
        return [span for span in spans if span.first < span.end]

    def rows(self, kind: Kind, span: Span) -> list[ColumnElement[Any]]:
        """Tell a list's rows of a span, as conditions on `rollups`."""
        sought = self.sought
        view = "totals" if kind == "days" else kind
        if view == "totals" and (sought.hub_id is not None or sought.partition is not None):
            view = "hubs"
        found = [
            _R.view == view,
            _R.days == span.days,
            _R.first_day >= span.first,
            _R.first_day < span.end,
        ]
        if sought.hub_id is not None:
            found.append(_R.hub_id == sought.hub_id)
        if sought.partition is None:
            found.append(_R.kit == ALL_KITS)
        else:
            kits = select(KITS.c.kit).where(KITS.c.partition == sought.partition)
            found.append(_R.kit.in_(kits))
        return found


def _nearest(day: int) -> int:
    """Find the day nearest to one on which a block begins."""
    return (day + BLOCK // 2) // BLOCK * BLOCK
