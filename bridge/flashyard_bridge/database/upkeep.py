"""What is done in the database for ever: what waits is written, what is too much is removed.

It knows no table.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import NoReturn

from sqlalchemy.exc import SQLAlchemyError

from flashyard.contract.faults import FaultError

DAY = 24 * 3600 * 1000  # ms
HOUR = 3600.0  # s
GATHER = 0.05  # s; what comes within them is written at once
RETRY, RETRY_MOST = 1.0, 15.0  # s, doubled from the one to the other

_log = logging.getLogger(__name__)


async def keep_writing(news: asyncio.Event, write: Callable[[], Awaitable[bool]]) -> NoReturn:
    """Write while there is something, for ever.

    Args:
        news: there is something.
        write: writes some of it; False: that could not be, and is tried again after a while.
    """
    pause = RETRY
    while True:
        await news.wait()
        await asyncio.sleep(GATHER)
        if await write():
            pause = RETRY
        else:
            await asyncio.sleep(pause)
            pause = min(pause * 2, RETRY_MOST)


async def keep_pruning(what: str, prune: Callable[[], Awaitable[None]]) -> NoReturn:
    """Remove once an hour what is too much of something, for ever."""
    while True:
        try:
            await prune()
        except FaultError as error:
            _log.warning("%s is not pruned for now: %s", what, error)
        except (SQLAlchemyError, ValueError):  # for what is in a row
            _log.exception("%s is not pruned for now", what)
        await asyncio.sleep(HOUR)
