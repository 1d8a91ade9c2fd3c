"""Which jobs are in which segment, by their numbers, and which are to be gathered.

It loads nothing that counts: numpy takes 30 MB, and a bridge with a short history needs none of it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from flashyard_bridge.database.tables.history import PAST_JOBS
from flashyard_bridge.database.tables.segments import PAST_SEGMENTS

SMALL = 1_024  # jobs; fewer are read one by one
JOINED = 16  # small segments that become a large one

_G, _J = PAST_SEGMENTS.c, PAST_JOBS.c


class Range(NamedTuple):
    """The numbers of a segment's jobs, both meant."""

    first: int
    last: int


def reach(connection: Connection) -> int:
    """Tell up to which number jobs are in segments: those that are stored come behind it."""
    return connection.scalar(select(func.max(_G.last))) or 0


def newest(connection: Connection) -> int:
    """Tell the last number there is, or 0."""
    return connection.scalar(select(func.max(_J.number))) or 0


def to_be_gathered(connection: Connection) -> Range | None:
    """Tell which jobs are to make a small segment, the oldest first; None: there are too few."""
    # Not the newest in the same question, for which SQLite reads all that there are.
    first = connection.scalar(select(func.min(_J.number)).where(_J.number > reach(connection)))
    if first is None or newest(connection) - first < SMALL - 1:
        return None
    return Range(first, first + SMALL - 1)


def to_be_joined(connection: Connection) -> Sequence[Range]:
    """Tell which small segments are to make a large one; empty: there are too few."""
    small = select(_G.first, _G.last).where(_G.last - _G.first < SMALL).order_by(_G.first)
    found = [Range(*row) for row in connection.execute(small.limit(JOINED))]
    return found if len(found) == JOINED else []


def holding(connection: Connection, numbers: Sequence[int]) -> Mapping[Range, Sequence[int]]:
    """Sort jobs by the segments that they are in."""
    near = select(_G.first, _G.last).where(_G.first <= max(numbers), _G.last >= min(numbers))
    ranges = [Range(*row) for row in connection.execute(near.order_by(_G.first))]
    lasts = [each.last for each in ranges]
    held: defaultdict[Range, list[int]] = defaultdict(list)
    for number in numbers:
        place = bisect_left(lasts, number)
        if place < len(ranges) and ranges[place].first <= number:
            held[ranges[place]].append(number)
    return held
