"""Gathers jobs into segments behind those who store them; what is in none yet is counted, too."""

from __future__ import annotations

import asyncio
import logging
from typing import NoReturn

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from flashyard.contract.faults import FaultError
from flashyard_bridge.database.database import Database
from flashyard_bridge.database.upkeep import keep_writing
from flashyard_bridge.history.statistics.segments.ranges import (
    SMALL,
    to_be_gathered,
    to_be_joined,
)

_log = logging.getLogger(__name__)


class Gatherer:
    """Gathers for as long as :meth:`run` runs; several bridges may do so on one database.

    It begins with what nobody gathered before, such as a history that is older than its segments.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._stored = 0
        self._news = asyncio.Event()
        self._news.set()

    def hear(self, stored: int) -> None:
        """Hear that so many more jobs may have been stored; never waits."""
        self._stored += stored
        if self._stored >= SMALL:
            self._stored = 0
            self._news.set()

    async def run(self) -> NoReturn:
        """Gather for ever."""
        await keep_writing(self._news, self._go_round)

    async def _go_round(self) -> bool:
        """Make one segment; False: that could not be."""
        try:
            is_more = await self._database.write(_gather)
        except FaultError:
            return False
        # For what is in a row, or where numpy does not run: a processor that is too old for it.
        except (SQLAlchemyError, ValueError, ImportError, RuntimeError):
            _log.exception("jobs cannot be gathered for now")
            is_more = False
        if not is_more:
            self._news.clear()
        return True


def _gather(connection: Connection) -> bool:
    if not to_be_joined(connection) and to_be_gathered(connection) is None:
        return False
    # It loads numpy, for which there is no need before.
    from flashyard_bridge.history.statistics.segments.kept import gather  # noqa: PLC0415

    return gather(connection)
