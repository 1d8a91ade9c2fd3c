"""The index in PostgreSQL: one of three-letter pieces and traits, which knows no order of time.

So the newest jobs are gone through first: what many have is found there soon, or not far behind.
What is rare the index finds, all of it at once. What many have, but none of the newest, is looked
for further back, and at last in all there is. Sources: PostgreSQL, "GIN Indexes" and "pg_trgm".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TypeAlias

from sqlalchemy import ColumnElement, Connection, func, select, text

from flashyard_bridge.database.bulk import load
from flashyard_bridge.database.tables.history import PAST_JOBS, PAST_TEXTS
from flashyard_bridge.history.finding.entry import Entry, Found, key_of
from flashyard_bridge.history.finding.walk import in_time, newest_first
from flashyard_bridge.history.sought import FOREVER, Place, Sought, Trait

_PIECE = 3  # characters; the index does not help with shorter words
_NEAR, _FAR = 4_000, 64_000  # jobs that are gone through, before the index is asked and after
_PROMISING = 3  # times as many jobs; to go through more takes longer than to ask the index
_LIGHTER = 4  # times as many, where only their rows are looked at
_RARE = 20_000  # jobs at most that are sorted
_MARKS = re.compile(r"[\\%_]")
_T, _J = PAST_TEXTS.c, PAST_JOBS.c
_job_id = func.split_part(_T.text, "\n", 1)
_COLUMNS = {  # of a job's own row, by the trait's kind
    "device": _J.device_id,
    "port": _J.port,
    "hub": _J.hub_id,
    "serial": _J.serial,
    "code": _J.code,
    "status": _J.status,
}
_ORDERED = {"device", "port", "hub"}  # that alone lead to the newest, by an index each

Conditions: TypeAlias = list[ColumnElement[bool]]


def index(connection: Connection, entries: Sequence[Entry]) -> None:
    """Add some."""
    rows = [{**entry._asdict(), "traits": list(entry.traits)} for entry in entries]
    load(connection, PAST_TEXTS, rows)


def unindex(connection: Connection, numbers: Sequence[int]) -> None:
    """Their rows go with the jobs."""


def find(
    connection: Connection, sought: Sought, before: Place | None, most: int
) -> Sequence[Found]:
    """Find the newest that have a trait or mention a word."""
    connection.execute(text("SET LOCAL jit = off"))  # it takes longer than it saves here
    if not sought.words and len(sought.traits) == 1 and sought.traits[0].kind in _ORDERED:
        return _along(connection, sought, before, most)
    found, end = _through(connection, sought, before, most, _NEAR)
    if _is_likely_near(len(found), most) and end is not None:
        more, end = _through(connection, sought, end, most - len(found), _NEAR * _PROMISING)
        found += more
    if end is None or len(found) == most:
        return found
    rare = _all(connection, sought, before)
    if rare is not None:
        return rare[:most]
    far, end = _through(connection, sought, end, most - len(found), _FAR)
    found += far
    if end is None or len(found) == most:
        return found
    return [*found, *_rest(connection, sought, end, most - len(found))]


def _is_likely_near(found: int, most: int) -> bool:
    """Is what is missing likely to be within a few more than those that were gone through?"""
    return found < most <= found * _PROMISING


def numbers(connection: Connection, sought: Sought, most: int | None) -> Sequence[int]:
    """Tell the numbers of all that have a trait or mention a word, or of any so many of them."""
    connection.execute(text("SET LOCAL jit = off"))  # as above
    indexed = [*_indexed(sought)]
    query = select(_T.number).where(
        *indexed, *_looked_at(sought.traits, sought.words), *_at_time(sought, None)
    )
    with _without(connection, *(("enable_seqscan", "enable_indexscan") if indexed else ())):
        return connection.scalars(query.limit(most)).all()


def _along(connection: Connection, sought: Sought, before: Place | None, most: int) -> list[Found]:
    """Follow the index of all there is to what is sought."""
    on_row, _ = _told_apart(sought)
    query = newest_first(select(_J.number, _J.ended_at, _J.job_id)).limit(most)
    rows = connection.execute(query.where(*in_time(sought, before), *on_row))
    return [Found(*row) for row in rows]


def _through(
    connection: Connection, sought: Sought, before: Place | None, most: int, count: int
) -> tuple[list[Found], Place | None]:
    """Go through so many of the newest; return what was found, and where the end was, if any.

    They lie together. The text of a job is looked at only where its own row does not tell.
    """
    on_row, on_text = _told_apart(sought)
    if not on_text:
        count *= _LIGHTER
    kept = in_time(sought, before)
    ended = newest_first(select(_J.ended_at, _J.job_id)).where(*kept).offset(count - 1).limit(1)
    row = connection.execute(ended).one_or_none()
    end = None if row is None else (row.ended_at, row.job_id)
    if end is not None:
        kept += [_J.ended_at >= end[0], (_J.ended_at > end[0]) | (_J.job_id >= end[1])]
    query = newest_first(select(_J.number, _J.ended_at, _J.job_id)).limit(most)
    if on_text:
        query = query.join(PAST_TEXTS, _T.number == _J.number)
    found = connection.execute(query.where(*kept, *on_row, *on_text))
    return [Found(*each) for each in found], end


def _all(connection: Connection, sought: Sought, before: Place | None) -> list[Found] | None:
    """Ask the index, and sort; None: there are too many, or it knows nothing of what is sought."""
    indexed = [*_indexed(sought)]
    if not indexed:
        return None
    query = select(_T.number, _T.ended_at, _job_id).limit(_RARE + 1)
    query = query.where(
        *indexed, *_looked_at(sought.traits, sought.words), *_at_time(sought, before)
    )
    with _without(connection, "enable_seqscan", "enable_indexscan"):
        found = [Found(*row) for row in connection.execute(query)]
    if len(found) > _RARE:
        return None
    return sorted(found, key=lambda each: each.place, reverse=True)


def _rest(connection: Connection, sought: Sought, before: Place, most: int) -> list[Found]:
    """Look at all, in no order."""
    query = select(_T.number, _T.ended_at, _job_id).limit(most)
    query = query.where(*_looked_at(sought.traits, sought.words), *_at_time(sought, before))
    query = query.order_by(_T.ended_at.desc(), _job_id.desc())
    with _without(connection, "enable_bitmapscan", "enable_indexscan"):
        return [Found(*row) for row in connection.execute(query)]


def _told_apart(sought: Sought) -> tuple[Conditions, Conditions]:
    """Tell what a job's row says of what is sought, and what its text."""
    off_row = [trait for trait in sought.traits if trait.kind not in _COLUMNS]
    on_row = [_COLUMNS[t.kind] == t.value for t in sought.traits if t.kind in _COLUMNS]
    return on_row, [*_looked_at(off_row, sought.words)]


def _looked_at(traits: Sequence[Trait], words: Sequence[str]) -> Iterator[ColumnElement[bool]]:
    """Keep to what is sought, text by text."""
    if traits:
        yield _T.traits.contains([key_of(trait) for trait in traits])
    yield from (func.strpos(_T.text, word) > 0 for word in words)


def _indexed(sought: Sought) -> Iterator[ColumnElement[bool]]:
    """Keep to what the index knows of it."""
    if sought.traits:
        yield _T.traits.contains([key_of(trait) for trait in sought.traits])
    for word in sought.words:
        if len(word) >= _PIECE:
            yield _T.text.like("%{}%".format(_MARKS.sub(r"\\\g<0>", word)))


def _at_time(sought: Sought, before: Place | None) -> Iterator[ColumnElement[bool]]:
    if sought.since > 0:
        yield _T.ended_at >= sought.since
    if sought.until < FOREVER:
        yield _T.ended_at < sought.until
    if before is not None:
        at, job_id = before
        yield (_T.ended_at < at) | ((_T.ended_at == at) & (_job_id < job_id))


@contextmanager
def _without(connection: Connection, *ways: str) -> Iterator[None]:
    """Keep the planner from ways it would take here, believing that traits are independent."""
    for switch in ("off", "on"):
        for way in ways:
            connection.execute(text(f"SET LOCAL {way} = {switch}"))
        if switch == "off":
            yield
