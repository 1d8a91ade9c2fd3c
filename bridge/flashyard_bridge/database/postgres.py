"""PostgreSQL: a server, for the bridges of many hosts. It knows no table.

Every wait has an end, on both sides: the server's own limits end a statement, a lock or a bridge
that fell asleep in a transaction; ours ends a server that no longer answers.
"""

from __future__ import annotations

from typing import Any, TypeVar

import psycopg
from psycopg.abc import Buffer, PQGen
from psycopg.pq import TransactionStatus
from psycopg.types.string import StrDumperUnknown
from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DataError, DBAPIError, OperationalError, ProgrammingError

from flashyard_bridge.database.access import Access

DRIVER = "postgresql+psycopg"
CONNECT = 5  # seconds
BUSY = 5.0  # seconds in which another's transaction may end
STATEMENT = 12.0  # seconds that one may take
SILENCE = 15.0  # seconds after which a server that says nothing is given up
_SAID = {"connect_timeout": CONNECT, "application_name": "flashyard", "client_encoding": "utf8"}
_LIMITS = (
    f"SET statement_timeout = {STATEMENT * 1000:.0f};"
    f"SET lock_timeout = {BUSY * 1000:.0f};"
    # Whoever holds the lock below and stands still is thrown out, and the others go on.
    f"SET idle_in_transaction_session_timeout = {SILENCE * 1000:.0f};"
    # A plan that is kept is one for the tables as they were: for small ones, it reads all rows.
    "SET plan_cache_mode = force_custom_plan"
)
# One lock for all that bridges write, held to the end of the transaction: what one decides on what
# it read, no other can have changed meanwhile. The number is ours by chance: "flashyar".
_LOCK = f"SELECT pg_advisory_xact_lock({int.from_bytes(b'flashyar')})"
_NO_LIMIT = "SET LOCAL statement_timeout = 0"  # an index over a million rows takes its time
# What fails however well the server is, by class of SQLSTATE: values, rules, statements, sizes.
_OURS = {"21", "22", "23", "42", "44", "54", "P0"}
_THEIRS = {"42P01", "42501"}  # but for a table that is gone, and a right that was taken

T = TypeVar("T")


def make_engine(url: URL, most: int) -> Engine:
    """Make one of at most so many connections, each looked at before it is used again.

    What the URL leaves open libpq fills in: PGPASSFILE, PGUSER, and so on.
    """
    engine = create_engine(
        url.set(drivername=DRIVER),
        pool_size=most,
        max_overflow=0,
        pool_pre_ping=True,
        use_native_hstore=False,
    )

    @event.listens_for(engine, "do_connect")
    def connect(_dialect: object, _record: object, words: list[Any], said: dict[str, Any]) -> Any:
        return _Impatient.connect(*words, **{**_SAID, **said})

    @event.listens_for(engine, "connect")
    def prepare(raw: _Impatient, _record: object) -> None:
        raw.adapters.register_dumper(str, _Text)
        raw.execute(_LIMITS)
        raw.commit()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        access = Access.of(connection)
        raw: Any = connection.connection.dbapi_connection
        reads = access is Access.READS
        # Whoever writes must see, once it has the lock, what was written before it had it.
        levels = psycopg.IsolationLevel
        raw.isolation_level = levels.REPEATABLE_READ if reads else levels.READ_COMMITTED
        raw.read_only = reads
        raw.silence = None if access is Access.UPGRADES else SILENCE
        if not reads:
            connection.exec_driver_sql(_LOCK)
        if access is Access.UPGRADES:
            connection.exec_driver_sql(_NO_LIMIT)

    return engine


def may_pass(error: DBAPIError) -> bool:
    """Is it worth waiting, at a start?"""
    return isinstance(error, OperationalError)


def is_ours(error: DBAPIError) -> bool:
    """Is it for what was asked, and not for how the server is?

    Source: PostgreSQL, "Error Codes". SQLAlchemy's classes do not tell: `OperationalError` is both
    a server that is away and a row too large for an index.
    """
    state = getattr(error.orig, "sqlstate", None)
    if state is None:  # the driver's own word
        return isinstance(error, (DataError, ProgrammingError))
    return state[:2] in _OURS and state not in _THEIRS


class _Impatient(psycopg.Connection[Any]):
    """A connection that is lost where its server does not answer; a stopped one never would."""

    silence: float | None = SILENCE

    def wait(self, gen: PQGen[T], interval: float = 0.1, timeout: float | None = None) -> T:
        try:
            return super().wait(gen, interval, self.silence if timeout is None else timeout)
        except psycopg.OperationalError:
            if self.pgconn.transaction_status == TransactionStatus.ACTIVE:
                self.pgconn.finish()  # what it might still say would answer another question
            raise


class _Text(StrDumperUnknown):
    """A text as PostgreSQL can keep it; what a device says may have a NUL in it."""

    def dump(self, obj: str) -> Buffer | None:
        return super().dump(obj.replace("\x00", "\N{REPLACEMENT CHARACTER}"))
