"""The rows of the table `rollups`, read and written by the thousand.

In plain SQL, for each database as it is fastest: what SQLAlchemy does for a row costs more than
the row itself.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from sqlalchemy import Connection

from flashyard_bridge.database.tables.rollups import ROLLUPS
from flashyard_bridge.history.statistics.groups import Kind
from flashyard_bridge.history.statistics.histogram import pack, unpack
from flashyard_bridge.history.statistics.tally import ENDS, Tally

ALL_KITS = ""
BLOCK = 32  # days

Key: TypeAlias = tuple[Kind, int, int, str, str, str]
"""A row's primary key, in the order of the table: view, days, first day, hub, kit, item."""

_KEY = [column.name for column in ROLLUPS.c if column.primary_key]
_NAMES = [column.name for column in ROLLUPS.c]
_ALL, _SAME = ", ".join(_NAMES), " AND ".join(f"rollups.{name} = these.{name}" for name in _KEY)
_CHANGED = (
    f"ON CONFLICT ({', '.join(_KEY)})"
    f" DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in _NAMES[len(_KEY) :])}"
)
_READ = f"SELECT {', '.join(f'rollups.{name}' for name in _NAMES)} FROM"


def read(connection: Connection, keys: Collection[Key]) -> dict[Key, Tally]:
    """Find those that are there."""
    found = _table_of(connection).read(connection, list(keys)) if keys else ()
    tallies: dict[Key, Tally] = {}
    for view, days, first_day, hub_id, kit, item, *sums in found:
        *counts, durations, speeds, name = sums
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
        _table_of(connection).write(connection, rows)


def remove(connection: Connection, keys: Sequence[Key]) -> None:
    """Take rows away."""
    if keys:
        _table_of(connection).remove(connection, keys)


class _Sqlite:
    """Rows go one by one, and are looked up by a list of values."""

    @staticmethod
    def read(connection: Connection, keys: Sequence[Key]) -> Iterable[Any]:
        these = ", ".join([_marks(_KEY)] * len(keys))
        return connection.exec_driver_sql(
            # Not `(view, …) IN (VALUES …)`, for which SQLite reads the whole table.
            f"WITH these ({', '.join(_KEY)}) AS (VALUES {these})"
            f" {_READ} these CROSS JOIN rollups WHERE {_SAME}",
            tuple(value for key in keys for value in key),
        )

    @staticmethod
    def write(connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
        into = f"INSERT INTO rollups ({_ALL}) VALUES {_marks(_NAMES)} {_CHANGED}"  # noqa: S608 - ours
        connection.exec_driver_sql(into, list(rows))

    @staticmethod
    def remove(connection: Connection, keys: Sequence[Key]) -> None:
        each = f"DELETE FROM rollups WHERE ({', '.join(_KEY)}) = {_marks(_KEY)}"  # noqa: S608 - ours
        connection.exec_driver_sql(each, list(keys))


class _Postgres:
    """All rows go in one statement, a list for each column."""

    @staticmethod
    def read(connection: Connection, keys: Sequence[Key]) -> Iterable[Any]:
        these = f"{_lists(connection, _KEY)} AS these ({', '.join(_KEY)})"
        return connection.exec_driver_sql(
            f"{_READ} {these} JOIN rollups ON {_SAME}", _columns(keys)
        )

    @staticmethod
    def write(connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
        rows_of = _lists(connection, _NAMES)
        into = f"INSERT INTO rollups ({_ALL}) SELECT * FROM {rows_of} {_CHANGED}"  # noqa: S608 - ours
        connection.exec_driver_sql(into, _columns(rows))

    @staticmethod
    def remove(connection: Connection, keys: Sequence[Key]) -> None:
        these = f"{_lists(connection, _KEY)} AS these ({', '.join(_KEY)})"
        each = f"DELETE FROM rollups USING {these} WHERE {_SAME}"  # noqa: S608 - ours
        connection.exec_driver_sql(each, _columns(keys))


def _table_of(connection: Connection) -> type[_Sqlite | _Postgres]:
    return _Postgres if connection.dialect.name == "postgresql" else _Sqlite


def _marks(names: Sequence[str]) -> str:
    return f"({', '.join('?' for _ in names)})"


def _lists(connection: Connection, names: Sequence[str]) -> str:
    """Make rows of lists of values, one for each column."""
    kinds = (ROLLUPS.c[name].type.compile(connection.dialect) for name in names)
    return f"unnest({', '.join(f'%s::{kind}[]' for kind in kinds)})"


def _columns(rows: Sequence[tuple[Any, ...]]) -> tuple[list[Any], ...]:
    return tuple(map(list, zip(*rows, strict=True)))
