"""Finding ended jobs: the index that is kept beside them, and the newest that are sought.

Each kind of database has an index of its own; what is found is the same. It knows no HTTP.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType

from sqlalchemy import Connection

from flashyard_bridge.history.finding import postgres, sqlite
from flashyard_bridge.history.finding.entry import Entry, Found
from flashyard_bridge.history.finding.walk import walk, walk_all
from flashyard_bridge.history.sought import Place, Sought


def index(connection: Connection, entries: Sequence[Entry]) -> None:
    """Have jobs found that were just stored."""
    _kind(connection).index(connection, entries)


def unindex(connection: Connection, numbers: Sequence[int]) -> None:
    """Have jobs found no more that are about to be forgotten."""
    _kind(connection).unindex(connection, numbers)


def find(
    connection: Connection, sought: Sought, before: Place | None, most: int
) -> Sequence[Found]:
    """Find the newest of those that are sought, the newest first, of those behind a place."""
    if not (sought.traits or sought.words):
        return walk(connection, sought, before, most)
    found: Sequence[Found] = _kind(connection).find(connection, sought, before, most)
    return found


def numbers(connection: Connection, sought: Sought, most: int | None = None) -> Sequence[int]:
    """Tell the numbers of all that are sought, or of any so many of them, in no order."""
    if not (sought.traits or sought.words):
        return walk_all(connection, sought, most)
    found: Sequence[int] = _kind(connection).numbers(connection, sought, most)
    return found


def _kind(connection: Connection) -> ModuleType:
    return sqlite if connection.dialect.name == "sqlite" else postgres
