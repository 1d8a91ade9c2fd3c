"""Much into a table and out of it, past what makes one row convenient. It knows no table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, cast

import psycopg
from psycopg import sql
from sqlalchemy import Column, Connection, Select, Table, insert
from sqlalchemy.exc import DBAPIError

Row = Mapping[str, Any]
Values = tuple[Any, ...]


def load(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert rows, all of the same columns; the database fills in what is missing.

    Source: PostgreSQL, "COPY"; psycopg, "Using COPY TO and COPY FROM".
    """
    if not rows:
        return
    columns = [each for each in table.c if each.name in rows[0]]
    values = _values(connection, columns, rows)
    if connection.dialect.name == "postgresql":
        _copy(connection, table, columns, values)
    else:
        statement = insert(table).compile(connection.engine, column_keys=[*rows[0]])
        connection.exec_driver_sql(statement.string, [*values])


def fetch(connection: Connection, query: Select[Any]) -> list[Values]:
    """Read rows of long values, as the database has them; PostgreSQL else tells them in text."""
    if connection.dialect.name != "postgresql":
        return [tuple(row) for row in connection.execute(query)]
    compiled = query.compile(connection.engine)
    raw = cast("psycopg.Connection[Any]", connection.connection.dbapi_connection)
    try:
        with raw.cursor(binary=True) as cursor:
            return cursor.execute(compiled.string, compiled.params).fetchall()
    except psycopg.Error as error:
        raise _seen(connection, compiled.string, error) from error


def _values(
    connection: Connection, columns: Sequence[Column[Any]], rows: Sequence[Row]
) -> Iterator[Values]:
    """Tell rows as the driver takes them, in the order of the columns."""
    makers = [(each.name, _maker(connection, each)) for each in columns]
    for row in rows:
        yield tuple([row[name] if make is None else make(row[name]) for name, make in makers])


def _maker(connection: Connection, column: Column[Any]) -> Callable[[Any], Any] | None:
    kind = column.type.dialect_impl(connection.dialect)
    return kind.bind_processor(connection.dialect)


def _copy(
    connection: Connection,
    table: Table,
    columns: Sequence[Column[Any]],
    values: Iterator[Values],
) -> None:
    names = sql.SQL(", ").join([sql.Identifier(each.name) for each in columns])
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table.name), names)
    raw = cast("psycopg.Connection[Any]", connection.connection.dbapi_connection)
    try:
        with raw.cursor() as cursor, cursor.copy(statement) as copy:
            for each in values:
                copy.write_row(each)
    except psycopg.Error as error:
        raise _seen(connection, statement.as_string(raw), error) from error


def _seen(connection: Connection, statement: str, error: psycopg.Error) -> Exception:
    """SQLAlchemy did not see it happen, and those who called expect its errors."""
    return DBAPIError.instance(statement, None, error, psycopg.Error, dialect=connection.dialect)
