"""Going through the history from the newest job to the oldest, by when they ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, or_, select

from flashyard_bridge.database.tables.history import PAST_JOBS
from flashyard_bridge.history.finding.entry import Found
from flashyard_bridge.history.sought import FOREVER, Place, Sought

_J = PAST_JOBS.c


def walk(
    connection: Connection, sought: Sought, before: Place | None, most: int
) -> Sequence[Found]:
    """Find the newest of a time, whatever they are."""
    newest = newest_first(select(_J.number, _J.ended_at, _J.job_id)).limit(most)
    rows = connection.execute(newest.where(*in_time(sought, before)))
    return [Found(*row) for row in rows]


def walk_all(connection: Connection, sought: Sought, most: int | None) -> Sequence[int]:
    """Tell the numbers of all of a time, or of any so many of them."""
    return connection.scalars(select(_J.number).where(*in_time(sought, None)).limit(most)).all()


def newest_first(query: Select[Any]) -> Select[Any]:
    """Have the newest first."""
    return query.order_by(_J.ended_at.desc(), _J.job_id.desc())


def in_time(sought: Sought, before: Place | None) -> list[ColumnElement[bool]]:
    """Keep to the time that is sought, and behind a place."""
    kept: list[ColumnElement[bool]] = []
    if sought.since > 0:
        kept.append(_J.ended_at >= sought.since)
    if sought.until < FOREVER:
        kept.append(_J.ended_at < sought.until)
    if before is not None:
        kept.append(_J.ended_at <= before[0])
        kept.append(or_(_J.ended_at < before[0], and_(_J.job_id < before[1])))
    return kept
