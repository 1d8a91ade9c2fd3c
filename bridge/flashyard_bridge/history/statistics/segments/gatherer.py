"""Gathers jobs into segments that nobody gathered as they were stored.

That is a history from before there were any, and what came faster than it was gathered.
"""

from __future__ import annotations

import asyncio
from typing import NoReturn

from flashyard_bridge.database.database import Database
from flashyard_bridge.database.upkeep import keep_tidy
from flashyard_bridge.history.statistics.segments.kept import gather

SOON = 0.05  # s; others write, too


class Gatherer:
    """Gathers for as long as :meth:`run` runs; several bridges may do so on one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def run(self) -> NoReturn:
        """Gather all there is, and look again once an hour, for ever."""
        await keep_tidy("gathering jobs into segments", self._go_round)

    async def _go_round(self) -> None:
        is_more = True
        while is_more:
            is_more = await self._database.write(gather)
            await asyncio.sleep(SOON)
