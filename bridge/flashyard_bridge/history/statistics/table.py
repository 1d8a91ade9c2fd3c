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
from flashyard_bridge.history.statistics.histogram import listed, pack
from flashyard_bridge.history.statistics.tally import ENDS, Part, Tally

ALL_KITS = ""
BLOCK = 32  # days

Key: TypeAlias = tuple[Kind, int, str, int, str, str]
"""A row's primary key, in the order of the table: view, days, kit, first day, hub, item."""

_KEY = [column.name for column in ROLLUPS.c if column.primary_key]
_NAMES = [column.name for column in ROLLUPS.c]
_COUNTS = [
    *("completed", "failed", "cancelled"),
    *("completed_bytes", "failed_bytes", "cancelled_bytes"),
]
_ALL, _SAME = ", ".join(_NAMES), " AND ".join(f"rollups.{name} = these.{name}" for name in _KEY)
_READ = f"SELECT {', '.join(f'rollups.{name}' for name in _NAMES)} FROM"

_Rows: TypeAlias = Sequence[tuple[Any, ...]]


def read(connection: Connection, keys: Collection[Key]) -> dict[Key, Tally]:
    """Find those that are there."""
    found = _table_of(connection).read(connection, list(keys)) if keys else ()
    tallies: dict[Key, Tally] = {}
    for view, days, kit, first_day, hub_id, item, *sums in found:
        *counts, durations, speeds, recent, name = sums
        tally = Tally(counts[: len(ENDS)], counts[len(ENDS) :], name=name)
        tally.add_packed(durations, speeds, recent)
        tallies[view, days, kit, first_day, hub_id, item] = tally
    return tallies


def write(connection: Connection, tallies: Mapping[Key, Tally]) -> None:
    """Have rows be so, whether or not they were there."""
    rows = [
        (
            *key,
            *tally.jobs,
            *tally.sizes,
            pack(tally.durations),
            pack(tally.speeds),
            b"",
            tally.name,
        )
        for key, tally in tallies.items()
    ]
    _put(connection, rows, [f"{name} = excluded.{name}" for name in _NAMES[len(_KEY) :]])


def append(
    connection: Connection, changes: Mapping[Key, Sequence[Part]], names: Mapping[Key, str]
) -> None:
    """Add to rows without reading them, whether or not they were there."""
    rows: list[tuple[Any, ...]] = []
    for key, parts in changes.items():
        jobs, sizes, buckets = [0, 0, 0], [0, 0, 0], []
        for end, counts, size, duration, speed in parts:
            jobs[end] += counts
            sizes[end] += size
            buckets.append((duration, speed))
        if any(jobs) or any(sizes):
            rows.append((*key, *jobs, *sizes, b"", b"", listed(buckets), names.get(key)))
    # SQLite takes two blobs in a row for a text, of the same bytes.
    kind = ROLLUPS.c.recent.type.compile(connection.dialect)
    sums = [f"{name} = rollups.{name} + excluded.{name}" for name in _COUNTS]
    recent = f"recent = CAST(rollups.recent || excluded.recent AS {kind})"
    called = "name = COALESCE(excluded.name, rollups.name)"
    _put(connection, rows, [*sums, recent, called])


def remove(connection: Connection, keys: Sequence[Key]) -> None:
    """Take rows away."""
    if keys:
        _table_of(connection).remove(connection, keys)


def _put(connection: Connection, rows: _Rows, changes: Sequence[str]) -> None:
    if rows:
        conflict = f"ON CONFLICT ({', '.join(_KEY)}) DO UPDATE SET {', '.join(changes)}"
        _table_of(connection).put(connection, rows, conflict)


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
    def put(connection: Connection, rows: _Rows, conflict: str) -> None:
        into = f"INSERT INTO rollups ({_ALL}) VALUES {_marks(_NAMES)} {conflict}"  # noqa: S608 - ours
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
    def put(connection: Connection, rows: _Rows, conflict: str) -> None:
        rows_of = _lists(connection, _NAMES)
        into = f"INSERT INTO rollups ({_ALL}) SELECT * FROM {rows_of} {conflict}"  # noqa: S608 - ours
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


def _columns(rows: _Rows) -> tuple[str, ...]:
    return tuple(map(_array, zip(*rows, strict=True)))


def _array(values: Sequence[Any]) -> str:
    """Write a list as PostgreSQL reads it, at once: psycopg looks at each value for long.

    Source: PostgreSQL, "Array Input and Output Syntax", "bytea Hex Format".
    """
    if isinstance(values[0], int):
        return f"{{{','.join(map(str, values))}}}"
    if isinstance(values[0], bytes):
        return "{" + ",".join([f'"\\\\x{value.hex()}"' for value in values]) + "}"
    return "{" + ",".join(["NULL" if value is None else _quoted(value) for value in values]) + "}"


def _quoted(value: str) -> str:
    if "\\" in value or '"' in value:
        value = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{value}"'
