"""What is in a database's tables, whatever revision they are of."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, MetaData, inspect, select

from support.databases import tables

Rows = Mapping[str, list[dict[str, Any]]]


def rows(connection: Connection, names: Collection[str] | None = None) -> Rows:
    """Tell what is in some tables, or in all; not at which revision they are."""
    if names is None:
        names = tables(connection)
    if not (wanted := sorted({*names} - {"alembic_version"})):
        return {}
    metadata = MetaData()
    metadata.reflect(connection, only=wanted)
    return {
        name: _told(connection.execute(select(metadata.tables[name])).mappings()) for name in wanted
    }


def narrowed(connection: Connection, was: Rows) -> Rows:
    """Leave what was in the tables and columns that there are now."""
    see = inspect(connection)
    return {
        name: _told(was[name], {column["name"] for column in see.get_columns(name)})
        for name in tables(connection)
        if name in was
    }


def _told(
    told: Iterable[Mapping[Any, Any]], columns: Collection[str] | None = None
) -> list[dict[str, Any]]:
    """Sort rows; a column that came later holds nothing."""
    wanted = (
        {
            name: value
            for name, value in row.items()
            if value is not None and (columns is None or name in columns)
        }
        for row in told
    )
    return sorted(wanted, key=repr)
