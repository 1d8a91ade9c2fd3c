"""The bridge's database, by URL: opened, brought up to date, and asked from threads of its own.

SQLAlchemy's synchronous engine: a transaction is a plain function, and nothing in it can wait for
anything but the database. Several bridges may use one database at a time. It knows no table.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import (
    ArgumentError,
    DataError,
    DBAPIError,
    IntegrityError,
    ProgrammingError,
    SQLAlchemyError,
)
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_fixed

from flashyard.contract.faults import Code, FaultError, fault, refuse
from flashyard_bridge.database.migrate import NewerSchemaError, upgrade

THREADS = 4
BUSY = 5.0  # seconds in which another's transaction may end
DEADLINE = 15.0  # seconds after which nobody waits any more; what was begun may come to its end
_LOOK_AGAIN = 0.2  # seconds
_WRITES = "flashyard_writes"

_log = logging.getLogger(__name__)
T = TypeVar("T")
Work = Callable[[Connection], T]


class Database:
    """One database, between :meth:`open` and :meth:`close`.

    Args:
        url: as SQLAlchemy has it, ``sqlite:///FILE``.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._engine: Engine | None = None
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="database")

    def open(self) -> None:
        """Connect, and bring the tables up to date. Blocks.

        Raises:
            FaultError: `invalid_request`: the URL is none, or the database is a newer flashyard's;
                `database_unreachable`.
        """
        try:
            url = make_url(self._url)
            if url.database:
                Path(url.database).parent.mkdir(parents=True, exist_ok=True)
            self._engine = _sqlite(create_engine(url, connect_args={"timeout": BUSY}))
            self._bring_up_to_date()
        except (ArgumentError, NewerSchemaError) as error:
            raise refuse(Code.INVALID_REQUEST, f"--database cannot be used: {error}") from error
        except OSError as error:
            raise refuse(Code.DATABASE_UNREACHABLE, details=str(error)) from error

    def _bring_up_to_date(self) -> None:
        """Several bridges that start at once after a crash wait for each other to look after it."""
        patiently = Retrying(
            retry=retry_if_exception(_is_locked),
            stop=stop_after_delay(DEADLINE),
            wait=wait_fixed(_LOOK_AGAIN),
            reraise=True,
        )
        patiently(self._run, upgrade, writes=True)

    def close(self) -> None:
        """Wait for what is under way, and let go of every connection. Blocks."""
        self._threads.shutdown()
        if self._engine is not None:
            self._engine.dispose()

    async def read(self, work: Work[T]) -> T:
        """Run a function in a transaction that only reads.

        Raises:
            FaultError: `database_unreachable`.
        """
        return await self._in_thread(work, writes=False)

    async def write(self, work: Work[T]) -> T:
        """Run a function in a transaction; nobody else writes meanwhile. It is all or nothing.

        Raises:
            FaultError: `database_unreachable`.
        """
        return await self._in_thread(work, writes=True)

    async def answers(self) -> bool:
        """Is it there?"""
        try:
            await self.read(_probe)
        except FaultError as error:
            _log.warning("%s %s", error, error.fault.details)
            return False
        return True

    async def _in_thread(self, work: Work[T], *, writes: bool) -> T:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(DEADLINE):
                return await loop.run_in_executor(
                    self._threads, lambda: self._run(work, writes=writes)
                )
        except TimeoutError as error:
            why = f"It has not answered within {DEADLINE:g} s."
            raise refuse(Code.DATABASE_UNREACHABLE, details=why) from error

    def _run(self, work: Work[T], *, writes: bool) -> T:
        if self._engine is None:
            raise RuntimeError("the database is not open")
        engine = self._engine.execution_options(**{_WRITES: writes})
        try:
            with engine.begin() as connection:
                return work(connection)
        except (IntegrityError, ProgrammingError, DataError):
            raise  # ours, not the database's
        except SQLAlchemyError as error:
            cause = error.orig if isinstance(error, DBAPIError) else error
            raise FaultError(fault(Code.DATABASE_UNREACHABLE, details=str(cause))) from error


def _sqlite(engine: Engine) -> Engine:
    """Have transactions be what they are elsewhere: begun by us, readers beside one writer.

    Source: SQLite, "Write-Ahead Logging" and "BEGIN TRANSACTION"; SQLAlchemy, "SQLite", on the
    driver's own ideas of a transaction.
    """

    @event.listens_for(engine, "connect")
    def connect(raw: Any, _record: object) -> None:
        raw.isolation_level = None  # the driver begins nothing behind our back
        raw.execute("PRAGMA journal_mode=WAL")
        raw.execute("PRAGMA synchronous=FULL")  # what was committed survives a power cut
        raw.execute("PRAGMA foreign_keys=ON")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A reader that becomes a writer would be refused where another wrote in between.
        writes = connection.get_execution_options().get(_WRITES)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _is_locked(error: BaseException) -> bool:
    return isinstance(error, FaultError) and "locked" in (error.fault.details or "")


def _probe(connection: Connection) -> None:
    connection.execute(text("SELECT version_num FROM alembic_version"))
