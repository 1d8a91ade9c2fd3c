"""Counts and histograms out of the rollups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, literal, select

from flashyard_bridge.database.tables.rollups import ROLLUPS
from flashyard_bridge.history.statistics.facts import DAY
from flashyard_bridge.history.statistics.groups import Entry, Groups, Kind
from flashyard_bridge.history.statistics.scope import Scope, Span
from flashyard_bridge.history.statistics.table import ALL_KITS, BLOCK
from flashyard_bridge.history.statistics.tally import COMPLETED, ENDS, Tally

_R = ROLLUPS.c
_BY: Mapping[Kind, Sequence[ColumnElement[Any]]] = {
    "totals": (),
    "days": (_R.first_day,),
    "hubs": (_R.hub_id,),
    "devices": (_R.item,),
    "ports": (_R.hub_id, _R.item),
    "partitions": (_R.item,),
    "images": (_R.item,),
    "faults": (_R.item,),
}


def total(connection: Connection, scope: Scope) -> int:
    """Count the jobs of the days that are wholly asked for."""
    span = Span(1, -(-scope.sought.since // DAY), scope.sought.until // DAY)
    found = select(*_sums(scope)[: len(ENDS)]).where(*scope.rows("totals", span))
    return sum(int(each or 0) for each in connection.execute(found).one())


def add_counts(groups: Groups, connection: Connection, scope: Scope) -> None:
    """Add how many jobs each entry of each list has, and their bytes."""
    sums = _sums(scope)
    for kind, by in _BY.items():
        for span in _spans(scope, kind):
            found = select(*by, *sums).where(*scope.rows(kind, span)).group_by(*by)
            for row in connection.execute(found):
                entry = tuple(row[: len(by)])
                counts = [int(each or 0) for each in row[len(by) :]]
                tally = Tally(counts[: len(ENDS)], counts[len(ENDS) :])
                groups[kind][entry].add(tally, span.sign)


def add_histograms(
    groups: Groups, connection: Connection, scope: Scope, told: Mapping[Kind, Sequence[Entry]]
) -> None:
    """Add to some entries how long their jobs took, and how fast they were."""
    if scope.sought.status not in {None, ENDS[COMPLETED].value}:
        return
    for kind, entries in told.items():
        wanted = {entry: groups[kind][entry] for entry in entries}
        columns = [*_BY[kind], _R.durations, _R.speeds, _R.recent]
        for span in _spans(scope, kind):
            rows = select(*columns).where(*scope.rows(kind, span), *_among(kind, entries))
            for *entry, durations, speeds, recent in connection.execute(rows):
                tally = wanted.get(tuple(entry))
                if tally is not None:
                    tally.add_packed(durations, speeds, recent, span.sign)


def _sums(scope: Scope) -> list[ColumnElement[Any]]:
    """Sum up jobs and then bytes by their ends, of which one only may be asked for."""
    columns = [end.value for end in ENDS] + [f"{end.value}_bytes" for end in ENDS]
    status = scope.sought.status
    return [
        func.sum(_R[column]) if status is None or column.startswith(status) else literal(0)
        for column in columns
    ]


def names(connection: Connection, kind: Kind, entries: Sequence[Entry]) -> Mapping[Entry, str]:
    """Find what entries were called last."""
    if not entries:
        return {}
    rows = _R.view == kind, _R.days == BLOCK, _R.kit == ALL_KITS, _R.name.is_not(None)
    found = (
        select(_R.item, _R.name)
        .where(*rows, *_among(kind, entries))
        .group_by(_R.item, _R.name)
        .order_by(func.max(_R.first_day))
    )
    return {(item,): name for item, name in connection.execute(found)}


def _among(kind: Kind, entries: Sequence[Entry]) -> list[ColumnElement[Any]]:
    """Narrow rows down to those of some entries, or a few more."""
    if kind == "days" and entries:
        return [_R.first_day >= min(int(day) for (day,) in entries)]
    if kind in {"totals", "days", "hubs"}:
        return []
    return [_R.item.in_({str(entry[-1]) for entry in entries})]


def _spans(scope: Scope, kind: Kind) -> list[Span]:
    return scope.days() if kind == "days" else scope.spans()
