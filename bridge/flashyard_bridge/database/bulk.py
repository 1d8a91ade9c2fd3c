"""Many rows into a table, in the way that is fastest for its database. It knows no table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import psycopg
from psycopg import sql
from sqlalchemy import Column, Connection, Table, insert
from sqlalchemy.exc import DBAPIError

Processor = Callable[[Any], Any]


def load(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows, all of the same columns; what the table has by default it fills in itself.

    Source: PostgreSQL, "COPY"; psycopg, "Using COPY TO and COPY FROM".
    """
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        _copy(connection, table, rows)
    else:
        connection.execute(insert(table), list(rows))


def _copy(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    names = list(rows[0])
    processors = [_processor(connection, table.c[name]) for name in names]
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table.name), sql.SQL(", ").join(map(sql.Identifier, names))
    )
    raw = cast("psycopg.Connection[Any]", connection.connection.dbapi_connection)
    try:
        with raw.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                values = zip(processors, names, strict=True)
                copy.write_row([p(row[name]) if p else row[name] for p, name in values])
    except psycopg.Error as error:
        # SQLAlchemy did not see it happen, and those who called expect its errors.
        told = statement.as_string(raw)
        raise DBAPIError.instance(
            told, None, error, psycopg.Error, dialect=connection.dialect
        ) from error


def _processor(connection: Connection, column: Column[Any]) -> Processor | None:
    """Find what makes of a value what the driver takes."""
    kind = column.type.dialect_impl(connection.dialect)
    return kind.bind_processor(connection.dialect)
