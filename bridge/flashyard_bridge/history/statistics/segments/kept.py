"""The segments that are kept: made as jobs are stored, and made smaller as jobs are forgotten."""

from __future__ import annotations

import logging
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, delete, func, insert, literal, select

from flashyard_bridge.database.bulk import fetch
from flashyard_bridge.database.tables.history import PAST_JOBS
from flashyard_bridge.database.tables.segments import PAST_SEGMENTS
from flashyard_bridge.history.sought import Sought
from flashyard_bridge.history.statistics.facts import facts
from flashyard_bridge.history.statistics.histogram import EXACT
from flashyard_bridge.history.statistics.segments.segment import (
    Packed,
    Segment,
    joined,
    segment_of,
    unpack,
)

SMALL = 1_024  # jobs; fewer are read one by one
JOINED = 16  # small segments that become a large one
OTHERS = 4_096  # jobs that are in no segment and are read at once

_log = logging.getLogger(__name__)
_G, _J = PAST_SEGMENTS.c, PAST_JOBS.c


class Some(NamedTuple):
    """Some of the jobs; ``last``: the number of the last of them; None: there are no more."""

    segments: Sequence[Segment]
    last: int | None


def reach(connection: Connection) -> int:
    """Tell up to which number jobs are in segments: those that are stored come behind it."""
    return connection.scalar(select(func.max(_G.last))) or 0


def gather(connection: Connection) -> bool:
    """Make one segment: of jobs that are in none, the oldest first, or of many small segments.

    Returns:
        Was there enough for one?
    """
    return _gather_small(connection) or _gather_jobs(connection)


def _gather_jobs(connection: Connection) -> bool:
    # Not the newest in the same question, for which SQLite reads all that there are.
    first = connection.scalar(select(func.min(_J.number)).where(_J.number > reach(connection)))
    if first is None or newest(connection) - first < SMALL - 1:
        return False
    last = first + SMALL - 1
    segment = segment_of(facts(connection, range(first, last + 1), EXACT))
    _insert(connection, first, last, segment)
    return True


def _gather_small(connection: Connection) -> bool:
    """Make a large one; its lists are read quicker than those of many."""
    small = _G.last - _G.first < SMALL
    ranges = connection.execute(
        select(_G.first, _G.last).where(small).order_by(_G.first).limit(JOINED)
    ).all()
    if len(ranges) < JOINED:
        return False
    these = small & _G.first.between(ranges[0].first, ranges[-1].first)
    large = joined([each for _, _, each in _read(connection, these, are_words_sought=True)])
    connection.execute(delete(PAST_SEGMENTS).where(these))
    _insert(connection, ranges[0].first, ranges[-1].last, large)
    return True


def scatter(connection: Connection, numbers: Sequence[int]) -> None:
    """Take jobs out that are about to be forgotten."""
    near = select(_G.first, _G.last).where(_G.first <= max(numbers), _G.last >= min(numbers))
    ranges = connection.execute(near.order_by(_G.first)).all()
    lasts = [row.last for row in ranges]
    gone: defaultdict[int, list[int]] = defaultdict(list)
    for number in numbers:
        place = bisect_left(lasts, number)
        if place < len(ranges) and ranges[place].first <= number:
            gone[ranges[place].first].append(number)
    for first, its in gone.items():
        [(_, last, segment)] = _read(connection, _G.first == first, are_words_sought=True)
        connection.execute(delete(PAST_SEGMENTS).where(_G.first == first))
        if len(rest := segment.without(its)):
            _insert(connection, first, last, rest)


def newest(connection: Connection) -> int:
    """Tell the last number there is, or 0."""
    return connection.scalar(select(func.max(_J.number))) or 0


def some(connection: Connection, sought: Sought, after: int, upto: int, most: int) -> Some:
    """Go on behind a number, up to another: some segments with jobs that may be sought.

    Those that are in none yet come last. What is gathered meanwhile is told neither twice nor not.
    """
    near = (_G.last > after, _G.first <= upto)
    then = (_G.latest >= sought.since, _G.earliest < sought.until)
    rows = _read(connection, *near, *then, are_words_sought=bool(sought.words), most=most)
    segments = [segment.between(after, upto) for _, _, segment in rows]
    if len(rows) == most:
        return Some(segments, rows[-1][1])
    beyond = (_J.number > max(after, reach(connection)), _J.number <= upto)
    then = (_J.ended_at >= sought.since, _J.ended_at < sought.until)
    query = select(_J.number).where(*beyond, *then).order_by(_J.number).limit(OTHERS)
    others = connection.scalars(query).all()
    segments.append(segment_of(facts(connection, others, EXACT)))
    return Some(segments, others[-1] if len(others) == OTHERS else None)


def _read(
    connection: Connection,
    *which: ColumnElement[bool],
    are_words_sought: bool,
    most: int | None = None,
) -> list[tuple[int, int, Segment]]:
    """Read segments, with the first number of each and the last."""
    ids = _G.ids if are_words_sought else literal(None)
    query = select(_G.first, _G.last, _G.texts, _G.jobs, _G.shares, ids)
    rows = fetch(connection, query.where(*which).order_by(_G.first).limit(most))
    return [
        (first, last, _unpacked(connection, first, last, Packed(*packed)))
        for first, last, *packed in rows
    ]


def _unpacked(connection: Connection, first: int, last: int, packed: Packed) -> Segment:
    """Read one, or where it is damaged what it was made of."""
    try:
        return unpack(packed)
    except ValueError:
        _log.exception("the jobs from %d to %d are read one by one", first, last)
    its = connection.scalars(select(_J.number).where(_J.number.between(first, last))).all()
    return segment_of(facts(connection, its, EXACT))


def _insert(connection: Connection, first: int, last: int, segment: Segment) -> None:
    ended_at = segment.jobs["ended_at"]
    row = {
        "first": first,
        "last": last,
        "earliest": int(ended_at.min()),
        "latest": int(ended_at.max()),
        **segment.pack()._asdict(),
    }
    connection.execute(insert(PAST_SEGMENTS), row)
