"""SQLite: a file of one host's, for the bridges there. It knows no table."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from time import monotonic
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError

from flashyard_bridge.database.access import Access, until_of

BUSY = 5.0  # seconds in which another's transaction may end
CACHE = 16 * 1024  # KiB, of a connection
LOG = 4096  # pages of 4 KiB, after which those in the log are brought to their places
_STEPS = 100_000  # of its own, some milliseconds, between two looks at the clock
_LOCKED = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


def make_engine(url: URL, most: int) -> Engine:
    """Make one of at most so many connections, with transactions as they are elsewhere.

    Source: SQLite, "Write-Ahead Logging" and "BEGIN TRANSACTION"; SQLAlchemy, "SQLite", on the
    driver's own ideas of a transaction.

    Raises:
        OSError: its directory cannot be made.
    """
    if url.database:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        url,
        pool_size=most,
        max_overflow=0,
        pool_use_lifo=True,  # what one wrote is no news to its own cache alone
        connect_args={"timeout": BUSY},
    )

    @event.listens_for(engine, "connect")
    def connect(raw: Any, _record: object) -> None:
        raw.isolation_level = None  # the driver begins nothing behind our back
        raw.execute("PRAGMA journal_mode=WAL")
        raw.execute("PRAGMA synchronous=FULL")  # what was committed survives a power cut
        raw.execute("PRAGMA foreign_keys=ON")
        # Rows that come together touch many pages of indexes: each is read, and written, once.
        raw.execute(f"PRAGMA cache_size=-{CACHE}")
        raw.execute(f"PRAGMA wal_autocheckpoint={LOG}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A reader that becomes a writer would be refused where another wrote in between.
        reads = Access.of(connection) is Access.READS
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")
        raw: Any = connection.connection.dbapi_connection
        until = until_of(connection)  # a server would end a statement that takes too long itself
        raw.set_progress_handler((lambda: monotonic() > until) if reads else None, _STEPS)

    return engine


def may_pass(error: DBAPIError) -> bool:
    """Is it worth waiting, at a start?"""
    code = getattr(error.orig, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in _LOCKED  # the rest of it says which lock


def is_ours(error: DBAPIError) -> bool:
    """Is it for what was asked, and not for how the file is?"""
    return isinstance(error, (DataError, IntegrityError, ProgrammingError))
