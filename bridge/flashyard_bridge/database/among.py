"""Rows by many values of one column, as each database takes them at once."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, any_, literal
from sqlalchemy.dialects.postgresql import ARRAY


def among(
    connection: Connection, column: Column[Any], values: Collection[Any]
) -> ColumnElement[bool]:
    """Say that a column has one of these values: to PostgreSQL in one list, not one by one."""
    if connection.dialect.name == "postgresql":
        return column == any_(literal([*values], ARRAY(column.type)))
    return column.in_(values)
