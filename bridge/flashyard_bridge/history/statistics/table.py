"""The rows of the table `rollups`, read and written by the thousand.

In plain SQL that both databases know: what SQLAlchemy does for a row costs more than the row.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TypeAlias

from sqlalchemy import Connection

from flashyard_bridge.database.tables.rollups import ROLLUPS
from flashyard_bridge.history.statistics.groups import Kind
from flashyard_bridge.history.statistics.histogram import pack, unpack
from flashyard_bridge.history.statistics.tally import ENDS, Tally

ALL_KITS = ""
BLOCK = 32  # days

Key: TypeAlias = tuple[Kind, int, int, str, str, str]
"""A row's primary key, in the order of the table: view, days, first day, hub, kit, item."""

_NAMES = [column.name for column in ROLLUPS.c]
_KEY = [column.name for column in ROLLUPS.c if column.primary_key]
_ALL = ", ".join(_NAMES)
_READ = (
    # Not `(view, …) IN (VALUES …)`, for which SQLite reads the whole table.
    f"WITH wanted ({', '.join(_KEY)}) AS (VALUES {{}})"  # noqa: S608 - the names are ours
    f" SELECT {', '.join(f'rollups.{name}' for name in _NAMES)} FROM wanted CROSS JOIN rollups"
    f" WHERE {' AND '.join(f'rollups.{name} = wanted.{name}' for name in _KEY)}"
)
_WRITE = (
    f"INSERT INTO rollups ({_ALL}) VALUES {{}} ON CONFLICT ({', '.join(_KEY)})"  # noqa: S608 - ours
    f" DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in _NAMES[len(_KEY) :])}"
)
_REMOVE = f"DELETE FROM rollups WHERE ({', '.join(_KEY)}) = {{}}"  # noqa: S608 - ours


def read(connection: Connection, keys: Collection[Key]) -> dict[Key, Tally]:
    """Find those that are there."""
    if not keys:
        return {}
    wanted = ", ".join([_marks(connection, _KEY)] * len(keys))
    values = tuple(value for key in keys for value in key)
    tallies: dict[Key, Tally] = {}
    for row in connection.exec_driver_sql(_READ.format(wanted), values):
        view, days, first_day, hub_id, kit, item, *counts, durations, speeds, name = row
        tallies[view, days, first_day, hub_id, kit, item] = Tally(
            counts[: len(ENDS)],
            counts[len(ENDS) :],
            dict(unpack(durations)),
            dict(unpack(speeds)),
            name,
        )
    return tallies


def write(connection: Connection, tallies: Mapping[Key, Tally]) -> None:
    """Have rows be so, whether or not they were there."""
    rows = [
        (*key, *tally.jobs, *tally.bytes, pack(tally.durations), pack(tally.speeds), tally.name)
        for key, tally in tallies.items()
    ]
    if rows:
        connection.exec_driver_sql(_WRITE.format(_marks(connection, _NAMES)), rows)


def remove(connection: Connection, keys: Sequence[Key]) -> None:
    """Take rows away."""
    if keys:
        connection.exec_driver_sql(_REMOVE.format(_marks(connection, _KEY)), list(keys))


def _marks(connection: Connection, names: Sequence[str]) -> str:
    """Mark the places of a row's values as this driver has it."""
    mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"
    return f"({', '.join([mark] * len(names))})"
