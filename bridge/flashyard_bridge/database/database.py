"""The bridge's database, by URL: opened, brought up to date, and asked from threads of its own.

SQLAlchemy's synchronous engine: a transaction is a plain function, and nothing in it can wait for
anything but the database. Several bridges may use one database at a time. It knows no table.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from math import inf
from time import monotonic
from typing import TypeVar

from sqlalchemy import Connection, Engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError, StatementError
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_delay, wait_fixed

from flashyard.contract.faults import Code, FaultError, fault, refuse
from flashyard_bridge.database import postgres, sqlite
from flashyard_bridge.database.access import Access, until_of
from flashyard_bridge.database.migrate import NewerSchemaError, upgrade

READERS, WRITERS = 4, 2  # threads
THREADS = READERS + WRITERS + 1
DEADLINE = 15.0  # seconds after which nobody waits any more; what was begun may come to its end
HEALTH = 3.0  # seconds in which one that is well answers
_LOOK_AGAIN = 0.2  # seconds

_log = logging.getLogger(__name__)
T = TypeVar("T")
Work = Callable[[Connection], T]


class Database:
    """One database, between :meth:`open` and :meth:`close`.

    Args:
        url: ``sqlite:///FILE`` or ``postgresql://USER:PASSWORD@HOST:PORT/NAME``.
        patience: seconds in which a server may come up, or another bridge's upgrade end.
    """

    def __init__(self, url: str, *, patience: float = DEADLINE) -> None:
        self._url = url
        self._patience = patience
        self._kind = sqlite if url.startswith("sqlite:") else postgres
        self._engine: Engine | None = None
        # However slow what is read: nobody who writes waits for it, and neither does `answers`.
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="database")
        self._writers = ThreadPoolExecutor(WRITERS, thread_name_prefix="database-writer")
        self._prober = ThreadPoolExecutor(1, thread_name_prefix="database-prober")

    def open(self) -> None:
        """Connect, and bring the tables up to date. Blocks.

        Raises:
            FaultError: `invalid_request`: the URL is none, or the database is a newer flashyard's;
                `database_unreachable`.
        """
        try:
            url = make_url(self._url)
            self._engine = self._kind.make_engine(url, THREADS)
            event.listen(self._engine, "before_cursor_execute", _look_at_clock)
            self._bring_up_to_date()
        except (ArgumentError, NewerSchemaError, DBAPIError, ValueError) as error:
            why = f"--database cannot be used: {_said(error)}"
            raise refuse(Code.INVALID_REQUEST, why) from error
        except OSError as error:
            raise refuse(Code.DATABASE_UNREACHABLE, details=str(error)) from error

    def _bring_up_to_date(self) -> None:
        """Several bridges that start at once after a crash wait for each other to look after it."""
        patiently = Retrying(
            retry=retry_if_exception(self._may_pass),
            stop=stop_after_delay(self._patience),
            wait=wait_fixed(_LOOK_AGAIN),
            before_sleep=_tell_first,
            reraise=True,
        )
        patiently(self._run, upgrade, Access.UPGRADES, inf)

    def _may_pass(self, error: BaseException) -> bool:
        cause = error.__cause__ if isinstance(error, FaultError) else None
        return isinstance(cause, DBAPIError) and self._kind.may_pass(cause)

    def close(self) -> None:
        """Wait for what is under way, and let go of every connection. Blocks."""
        for threads in (self._readers, self._writers, self._prober):
            threads.shutdown()
        if self._engine is not None:
            self._engine.dispose()

    async def read(self, work: Work[T]) -> T:
        """Run a function in a transaction that only reads.

        Raises:
            FaultError: `database_unreachable`.
            SQLAlchemyError: for what is asked, by a value or a mistake; it would be so again.
        """
        return await self._in_thread(self._readers, work, Access.READS)

    async def write(self, work: Work[T]) -> T:
        """Run a function in a transaction; nobody else writes meanwhile. It is all or nothing.

        Raises:
            FaultError, SQLAlchemyError: as `read`.
        """
        return await self._in_thread(self._writers, work, Access.WRITES)

    async def answers(self) -> bool:
        """Is it there?"""
        try:
            await self._in_thread(self._prober, _probe, Access.READS, HEALTH)
        except FaultError as error:
            _log.warning("%s", error)
            return False
        return True

    async def _in_thread(
        self, threads: Executor, work: Work[T], access: Access, within: float | None = None
    ) -> T:
        within = DEADLINE if within is None else within
        loop, until = asyncio.get_running_loop(), monotonic() + within
        try:
            async with asyncio.timeout(within):
                return await loop.run_in_executor(threads, lambda: self._run(work, access, until))
        except TimeoutError as error:
            why = f"It has not answered within {within:g} s."
            raise refuse(Code.DATABASE_UNREACHABLE, details=why) from error

    def _run(self, work: Work[T], access: Access, until: float) -> T:
        if self._engine is None:
            raise RuntimeError("the database is not open")
        engine = self._engine.execution_options(**access.options(until))
        try:
            with engine.begin() as connection:
                return work(connection)
        # The driver's own come where SQLAlchemy does not look: a connection lost at its beginning.
        except (SQLAlchemyError, engine.dialect.loaded_dbapi.Error) as error:
            if self._is_ours(error):
                raise
            raise FaultError(fault(Code.DATABASE_UNREACHABLE, details=_said(error))) from error

    def _is_ours(self, error: Exception) -> bool:
        """Would it come again, however well the database is?"""
        if isinstance(error, DBAPIError):
            ours: bool = self._kind.is_ours(error)
            return ours
        return isinstance(error, StatementError)  # a value that no column takes


def _look_at_clock(connection: Connection, *_: object) -> None:
    """Begin nothing more of what is read where nobody waits for it any longer."""
    if monotonic() > until_of(connection):
        raise refuse(Code.DATABASE_UNREACHABLE, details="It takes too long to read so much.")


def _said(error: Exception) -> str:
    """Tell in one line what the database said, without the statement it said it to."""
    said = error.orig if isinstance(error, DBAPIError) else error
    return " ".join(str(said).split())


def _tell_first(state: RetryCallState) -> None:
    if state.attempt_number == 1 and state.outcome is not None:
        error = state.outcome.exception()
        details = error.fault.details if isinstance(error, FaultError) else None
        _log.warning("the database cannot be used yet: %s", details)


def _probe(connection: Connection) -> None:
    connection.execute(text("SELECT version_num FROM alembic_version"))
