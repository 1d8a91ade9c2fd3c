"""Processes kept alive: what dies is started again where it was, until it dies too often.

It knows no role; docs/decisions has why it is ours.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type

from flashyard.cli.child import Child, Command

MOST_DEATHS = 5
PERIOD = 60.0  # seconds
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 10.0  # seconds between a death and the next start

_log = logging.getLogger(__name__)

# Makes the command of the next start; the addresses are those of the start before, or empty.
Recipe = Callable[[tuple[str, ...]], Command]


class DiedError(Exception):
    """Raised for a process that ended by itself; ``status`` is negative for a signal."""

    def __init__(self, name: str, status: int) -> None:
        super().__init__(f"The {name} ended with status {status}")
        self.name = name
        self.status = status


class StillbornError(Exception):
    """Raised when a process ends before it was ever ready: another start would not help."""

    def __init__(self, name: str, status: int) -> None:
        super().__init__(f"The {name} could not start")
        self.status = status


class Kept:
    """One process that is kept alive from `start` to `stop`.

    Args:
        name: what it is, for people.
        recipe: makes its command.
        first_pause: seconds between its first death and the next start; then doubled.
    """

    def __init__(self, name: str, recipe: Recipe, first_pause: float = FIRST_PAUSE) -> None:
        self.name = name
        self.addresses: tuple[str, ...] = ()
        self._recipe = recipe
        self._first_pause = first_pause
        self._was_ready = asyncio.Event()
        self._deaths: deque[float] = deque(maxlen=MOST_DEATHS)  # by the loop's clock
        self._keeping: asyncio.Task[None] | None = None

    async def start(self) -> tuple[str, ...]:
        """Start it; return the addresses of its `ready` line.

        Raises:
            StillbornError: it ended first. It has told why on stderr.
        """
        self._keeping = asyncio.create_task(self._keep(), name=f"keep {self.name}")
        ready = asyncio.create_task(self._was_ready.wait(), name=f"await {self.name}")
        try:
            await asyncio.wait({self._keeping, ready}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ready.cancel()
        if self._keeping.done():
            await self._keeping
        return self.addresses

    async def stop(self) -> None:
        """Stop it and keep it alive no longer."""
        if self._keeping is None:
            return
        self._keeping.cancel()
        await asyncio.wait({self._keeping})

    async def given_up(self) -> None:
        """Wait until it has died too often.

        Raises:
            DiedError: the last of its deaths.
        """
        assert self._keeping is not None  # noqa: S101 - `start` comes first
        await asyncio.shield(self._keeping)

    async def _keep(self) -> None:
        lives = AsyncRetrying(
            retry=retry_if_exception_type(DiedError),
            stop=self._dies_too_often,
            wait=self._pause,
            before_sleep=self._mourn,
            reraise=True,
        )
        await lives(self._live)

    async def _live(self) -> None:
        async with Child(self._recipe(self.addresses)) as child:
            addresses = await child.ready()
            if addresses is not None:
                self.addresses = addresses
                self._was_ready.set()
                await child.ended()
        if not self._was_ready.is_set():
            raise StillbornError(self.name, child.status)
        self._deaths.append(asyncio.get_running_loop().time())
        raise DiedError(self.name, child.status)

    def _dies_too_often(self, _: RetryCallState) -> bool:
        return len(self._deaths) == MOST_DEATHS and self._deaths[-1] - self._deaths[0] < PERIOD

    def _pause(self, _: RetryCallState) -> float:
        lately = sum(1 for death in self._deaths if self._deaths[-1] - death < PERIOD)
        return min(LONGEST_PAUSE, self._first_pause * 2.0 ** (lately - 1))

    def _mourn(self, state: RetryCallState) -> None:
        assert state.outcome is not None  # noqa: S101 - it is called after a failure
        _log.warning("%s; started again in %g s", state.outcome.exception(), state.upcoming_sleep)
