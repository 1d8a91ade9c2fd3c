"""The segments that are kept: made of jobs that were stored, made smaller as some are forgotten."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, delete, insert, literal, select

from flashyard_bridge.database.bulk import fetch
from flashyard_bridge.database.tables.history import PAST_JOBS
from flashyard_bridge.database.tables.segments import PAST_SEGMENTS
from flashyard_bridge.history.sought import Sought
from flashyard_bridge.history.statistics.facts import facts
from flashyard_bridge.history.statistics.histogram import EXACT
from flashyard_bridge.history.statistics.segments.ranges import (
    Range,
    reach,
    to_be_gathered,
    to_be_joined,
)
from flashyard_bridge.history.statistics.segments.segment import (
    Packed,
    Segment,
    joined,
    segment_of,
    unpack,
)

OTHERS = 4_096  # jobs that are in no segment and are read at once

_log = logging.getLogger(__name__)
_G, _J = PAST_SEGMENTS.c, PAST_JOBS.c


class Some(NamedTuple):
    """Some of the jobs; ``last``: the number of the last of them; None: there are no more."""

    segments: Sequence[Segment]
    last: int | None


def gather(connection: Connection) -> bool:
    """Make one segment: of many small ones, or of jobs that are in none; False: of too few."""
    if ranges := to_be_joined(connection):
        _join(connection, Range(ranges[0].first, ranges[-1].last))
    elif its := to_be_gathered(connection):
        numbers = range(its.first, its.last + 1)
        _insert(connection, its, segment_of(facts(connection, numbers, EXACT)))
    else:
        return False
    return True


def _join(connection: Connection, all_of_it: Range) -> None:
    """Make a large one; its lists are read quicker than those of many."""
    these = _G.first.between(*all_of_it)
    large = joined([each for _, each in _read(connection, these, are_words_sought=True)])
    connection.execute(delete(PAST_SEGMENTS).where(these))
    _insert(connection, all_of_it, large)


def scatter(connection: Connection, held: Mapping[Range, Sequence[int]]) -> None:
    """Take jobs out of their segments that are about to be forgotten."""
    for its, numbers in held.items():
        here = _G.first == its.first
        [(_, segment)] = _read(connection, here, are_words_sought=True)
        connection.execute(delete(PAST_SEGMENTS).where(here))
        if len(rest := segment.without(numbers)):
            _insert(connection, its, rest)


def some(connection: Connection, sought: Sought, after: int, upto: int, most: int) -> Some:
    """Go on behind a number, up to another: some segments with jobs that may be sought.

    Those that are in none yet come last. What is gathered meanwhile is told neither twice nor not.
    """
    near = (_G.last > after, _G.first <= upto)
    then = (_G.latest >= sought.since, _G.earliest < sought.until)
    rows = _read(connection, *near, *then, are_words_sought=bool(sought.words), most=most)
    segments = [segment.between(after, upto) for _, segment in rows]
    if len(rows) == most:
        return Some(segments, rows[-1][0].last)
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
) -> list[tuple[Range, Segment]]:
    """Read segments, with their numbers."""
    ids = _G.ids if are_words_sought else literal(None)
    query = select(_G.first, _G.last, _G.texts, _G.jobs, _G.shares, ids)
    rows = fetch(connection, query.where(*which).order_by(_G.first).limit(most))
    ranges = ((Range(first, last), Packed(*packed)) for first, last, *packed in rows)
    return [(its, _unpacked(connection, its, packed)) for its, packed in ranges]


def _unpacked(connection: Connection, its: Range, packed: Packed) -> Segment:
    """Read one, or where it is damaged what it was made of."""
    try:
        return unpack(packed)
    except ValueError:
        _log.exception("the jobs from %d to %d are read one by one", *its)
    numbers = connection.scalars(select(_J.number).where(_J.number.between(*its))).all()
    return segment_of(facts(connection, numbers, EXACT))


def _insert(connection: Connection, its: Range, segment: Segment) -> None:
    ended_at = segment.jobs["ended_at"]
    row = {
        **its._asdict(),
        "earliest": int(ended_at.min()),
        "latest": int(ended_at.max()),
        **segment.pack()._asdict(),
    }
    connection.execute(insert(PAST_SEGMENTS), row)
