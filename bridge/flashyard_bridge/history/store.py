"""Storing what jobs came to, in the caller's transaction: each once, and a hub's word for good.

A bridge's own word on a job whose hub it lost yields to the hub's later record; both stay in the
audit trail. Where such a word does not say who had the job started, the trail is asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from sqlalchemy import Connection, RowMapping, delete, func, select

from flashyard.contract.audit import AuditEntry
from flashyard_bridge.audit.lines import append
from flashyard_bridge.audit.starts import starters
from flashyard_bridge.database.among import among
from flashyard_bridge.database.bulk import load
from flashyard_bridge.database.tables.history import HISTORY, PAST_JOBS, PAST_LOGS, PAST_STEPS
from flashyard_bridge.history import endings, finding
from flashyard_bridge.history.finding.entry import entry_of
from flashyard_bridge.history.past import Past, log_of, row_of, steps_of
from flashyard_bridge.history.statistics.facts import facts, facts_of
from flashyard_bridge.history.statistics.histogram import BUCKETS
from flashyard_bridge.history.statistics.rollups import account
from flashyard_bridge.history.statistics.segments.ranges import holding, reach
from flashyard_bridge.learning.store import learn

_Row: TypeAlias = Mapping[Any, Any]


def history_id(connection: Connection) -> str:
    """Which history this is."""
    found: str = connection.execute(select(HISTORY.c.history_id)).scalar_one()
    return found


def store(connection: Connection, pasts: Sequence[Past]) -> None:
    """Store what is not there yet; of a job that is told twice the hub's first word is kept."""
    told = _told(connection, [past.record.job_id for past in pasts])
    new: dict[str, Past] = {}
    yielded: dict[str, Past] = {}  # a bridge's word that was not stored before its hub's came
    for past in _named(connection, pasts):
        job_id = past.record.job_id
        if _is_news(past, new.get(job_id), told.get(job_id)):
            if job_id in new:
                yielded[job_id] = new[job_id]
            new[job_id] = past
    overridden = [job_id for job_id in new if job_id in told]
    forget(connection, [told[job_id]["number"] for job_id in overridden])
    _insert(connection, list(new.values()))
    learn(connection, [past.record for past in new.values()])
    append(connection, [endings.ended(past) for past in yielded.values()])
    was: dict[str, _Row] = dict(told.items())
    was.update({job_id: row_of(past) for job_id, past in yielded.items()})
    append(connection, [_line(past, was.get(job_id)) for job_id, past in new.items()])


def _named(connection: Connection, pasts: Sequence[Past]) -> Sequence[Past]:
    """Have bridges' words say who had the jobs started, through whichever bridge that was."""
    bare = {past.record.job_id for past in pasts if _is_bare(past)}
    if not bare:
        return pasts
    known = starters(connection, bare)
    return [
        replace(past, record=past.record.with_(asked_by=known.get(past.record.job_id)))
        if _is_bare(past)
        else past
        for past in pasts
    ]


def _is_bare(past: Past) -> bool:
    return past.told_by == "bridge" and past.record.asked_by is None


def _line(past: Past, was: _Row | None) -> AuditEntry:
    return endings.ended(past) if was is None else endings.overridden(past, was)


def _is_news(past: Past, before: Past | None, told: RowMapping | None) -> bool:
    """Is it the first word on a job, or its own hub's after a bridge's?"""
    if before is not None:
        was, hub_id = before.told_by, before.record.hub_id
    elif told is not None:
        was, hub_id = told["told_by"], told["hub_id"]
    else:
        return True
    return (was, past.told_by) == ("bridge", "hub") and hub_id == past.record.hub_id


def _told(connection: Connection, job_ids: Sequence[str]) -> Mapping[str, RowMapping]:
    columns = ("number", "job_id", "told_by", "hub_id", "ended_at", "status", "code", "error")
    found = select(*(PAST_JOBS.c[name] for name in columns)).where(
        among(connection, PAST_JOBS.c.job_id, job_ids)
    )
    return {row["job_id"]: row for row in connection.execute(found).mappings()}


def forget(connection: Connection, numbers: Sequence[int]) -> None:
    """Remove jobs; whatever goes out of the history goes out here."""
    if numbers:
        finding.unindex(connection, numbers)
        account(connection, facts(connection, numbers, BUCKETS), -1)
        _scatter(connection, numbers)
        connection.execute(delete(PAST_JOBS).where(PAST_JOBS.c.number.in_(numbers)))


def _scatter(connection: Connection, numbers: Sequence[int]) -> None:
    if held := holding(connection, numbers):
        # It loads numpy, for which there is no need before.
        from flashyard_bridge.history.statistics.segments.kept import scatter  # noqa: PLC0415

        scatter(connection, held)


def _insert(connection: Connection, pasts: Sequence[Past]) -> None:
    if not pasts:
        return
    # Nobody else writes meanwhile; to be told the numbers would take longer than to give them.
    # No number that is in a segment is given again.
    last = max(connection.scalar(select(func.max(PAST_JOBS.c.number))) or 0, reach(connection))
    numbered = list(enumerate(pasts, start=last + 1))
    rows = [{"number": number, **row_of(past)} for number, past in numbered]
    load(connection, PAST_JOBS, rows)
    steps = [steps_of(past.record.job) for past in pasts]
    jobs = list(zip(rows, steps, strict=True))
    load(
        connection,
        PAST_STEPS,
        [{"number": row["number"], **step} for row, its in jobs for step in its],
    )
    finding.index(connection, [entry_of(row, its) for row, its in jobs])
    logs = [
        {"number": number, "lines": log_of(past.record.log)}
        for number, past in numbered
        if past.record.log
    ]
    load(connection, PAST_LOGS, logs)
    account(connection, facts_of(jobs, BUCKETS), 1)
