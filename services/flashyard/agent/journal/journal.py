"""What is written down before it is said: one writer, in a thread, many writes to a commit.

It knows no table. A write that fails, as on a full disk, is tried again until it succeeds; what
was to follow it waits as long, and nothing overtakes it.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections import deque
from collections.abc import Callable
from pathlib import Path
from threading import Condition, Event, Thread
from typing import NamedTuple, TypeVar

from flashyard.agent.journal.claim import Claim
from flashyard.agent.journal.file import open_file
from flashyard.contract.faults import Code, Fault, FaultError, fault, refuse

RETRY = 1.0  # seconds between two tries on a disk that takes nothing
_LAST_WORDS = 2.0  # seconds that are waited at the end for what is still to be written
_log = logging.getLogger(__name__)

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], object]
Then = Callable[[], object]


class _Write(NamedTuple):
    work: Work
    done: Event


class Journal:
    """One hub's, between :meth:`open` and :meth:`close`.

    Args:
        path: of its file.
        retry: seconds between two tries on a disk that takes nothing.

    Attributes:
        trouble: why nothing can be written now; None: all is well.
        on_trouble: called from the event loop whenever ``trouble`` comes or goes.
    """

    def __init__(self, path: Path, retry: float = RETRY) -> None:
        self.trouble: Fault | None = None
        self.on_trouble: Then = _nothing
        self._path = path
        self._retry = retry
        self._claim = Claim(path.parent)
        self._connection: sqlite3.Connection | None = None
        self._loop: asyncio.AbstractEventLoop
        self._thread: Thread | None = None
        self._news = Condition()
        self._waiting: list[_Write] = []
        self._is_closing = Event()
        self._written = 0  # writes that were asked for, and how many of them are on the disk
        self._durable = 0
        self._followers: deque[tuple[int, str | None, Then]] = deque()

    def open(self) -> None:
        """Open the file; blocking.

        Raises:
            FaultError: `invalid_request`: it cannot be used, or another hub has it; as
                :func:`open_file`.
        """
        try:
            self._claim.take()
            self._connection = open_file(self._path)
        except FaultError:
            self._claim.release()
            raise
        except (OSError, sqlite3.Error) as error:
            self._claim.release()
            raise refuse(
                Code.INVALID_REQUEST,
                f"The journal {self._path} cannot be used: {error}.",
                hint="Look at the disk and at who may write there, or give another --data-dir.",
            ) from error

    def read(self, work: Callable[[sqlite3.Connection], object]) -> None:
        """Have a function look into it, before anything is written; blocking."""
        assert self._connection is not None  # noqa: S101 - :meth:`open` comes first
        work(self._connection)

    def begin(self) -> None:
        """Begin to write, and to tell this event loop of it."""
        self._loop = asyncio.get_running_loop()
        self._thread = Thread(target=self._keep_writing, name="journal", daemon=True)
        self._thread.start()

    def write(self, work: Work) -> Event:
        """Have something written; the event is set once it is on the disk. From any thread."""
        write = _Write(work, Event())
        with self._news:
            self._waiting.append(write)
            self._written += 1
            self._news.notify()
        return write.done

    def after(self, then: Then, key: str | None = None) -> None:
        """Call once all that was written so far is on the disk, at once where it is.

        In the order they come; while there is trouble, only the newest under each ``key``.
        """
        with self._news:
            is_durable = self._durable == self._written
        if is_durable and not self._followers:
            then()
            return
        if key is not None and self.trouble is not None:  # which may last for hours
            kept = [each for each in self._followers if each[1] != key]
            if len(kept) < len(self._followers):
                self._followers = deque(kept)
        self._followers.append((self._written, key, then))

    async def ask(self, look: Callable[[sqlite3.Connection], T]) -> T:
        """Have a function look into it; what was written before is on the disk by then.

        What was to follow that comes before the answer, too.
        """
        found: list[T] = []

        def work(connection: sqlite3.Connection) -> None:
            found[:] = [look(connection)]

        self.write(work)
        await self._durable_by_now()
        return found[0]

    async def settled(self, within: float) -> bool:
        """Wait until all that was written so far is on the disk; False: not so soon."""
        try:
            async with asyncio.timeout(within):
                await self._durable_by_now()
        except TimeoutError:
            return False
        return True

    async def _durable_by_now(self) -> None:
        done = asyncio.Event()
        self.after(done.set)
        await done.wait()

    async def close(self) -> None:
        """Write what is left, if that can be had soon, and let go of the file."""
        if self._thread is not None:
            with self._news:
                self._is_closing.set()
                self._news.notify()
            await asyncio.to_thread(self._thread.join, _LAST_WORDS)
            if not self._thread.is_alive():
                await asyncio.sleep(0)  # what the thread asked the loop for comes first
                self._follow()
        elif self._connection is not None:
            self._let_go(self._connection)

    def _let_go(self, connection: sqlite3.Connection) -> None:
        connection.close()
        self._claim.release()

    def _keep_writing(self) -> None:
        assert self._connection is not None  # noqa: S101 - :meth:`open` comes first
        try:
            while True:
                with self._news:
                    while not self._waiting and not self._is_closing.is_set():
                        self._news.wait()
                    batch, self._waiting = self._waiting, []
                if not batch:
                    return
                if not self._commit(self._connection, batch):
                    return
                with self._news:
                    self._durable += len(batch)
                for each in batch:
                    each.done.set()
                self._tell(self._follow)
        finally:
            self._let_go(self._connection)

    def _commit(self, connection: sqlite3.Connection, batch: list[_Write]) -> bool:
        """Write a batch whole, however long it takes; False: the hub goes before that."""
        while True:
            try:
                connection.execute("BEGIN IMMEDIATE")
                for each in batch:
                    each.work(connection)
                connection.execute("COMMIT")
            except sqlite3.Error as error:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                self._turn(_fault(error))
                if self._is_closing.wait(self._retry):
                    _log.error("the journal was not written to its end: %s", error)
                    return False
            else:
                self._turn(None)
                return True

    def _turn(self, trouble: Fault | None) -> None:
        if (trouble is None) == (self.trouble is None):
            return
        if trouble is None:
            _log.warning("the journal can be written again")
        else:
            _log.error("the journal cannot be written: %s", trouble.details)
        self.trouble = trouble
        self._tell(self.on_trouble)

    def _tell(self, call: Then) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(call)

    def _follow(self) -> None:
        """Call what waited for what is on the disk now."""
        with self._news:
            durable = self._durable
        while self._followers and self._followers[0][0] <= durable:
            self._followers.popleft()[2]()


def _nothing() -> None:
    """Do nothing: nobody is told."""


def _fault(error: sqlite3.Error) -> Fault:
    sentence = "The hub cannot write its journal."
    return fault(
        Code.DISK_FULL,
        sentence,
        hint="Free some space on the hub's disk; it goes on by itself.",
        details=str(error),
    )
