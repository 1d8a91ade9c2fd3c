"""Where jobs get their images from, also while the store is away: they wait for it, and say so.

It knows neither jobs nor what an image is for.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from pathlib import Path

from flashyard.agent.cache import ImageCache
from flashyard.agent.recovery.backoff import IMAGE, Backoff
from flashyard.agent.recovery.troubles import Troubles
from flashyard.client.download import StoreAwayError
from flashyard.contract.faults import Fault
from flashyard.contract.records import StoredImage

_log = logging.getLogger(__name__)


class Supply:
    """A hub's images.

    Args:
        cache: has them, or fetches them.
        troubles: the hub's, one of which a store is that does not answer.
        clock: monotonic seconds.
        patience: seconds one image is waited for, since it first could not be fetched.
        backoff: between two attempts.
    """

    def __init__(
        self,
        cache: ImageCache,
        troubles: Troubles,
        clock: Callable[[], float],
        *,
        patience: float,
        backoff: Backoff = IMAGE,
    ) -> None:
        self._cache = cache
        self._troubles = troubles
        self._clock = clock
        self._patience = patience
        self._backoff = backoff

    @asynccontextmanager
    async def held(
        self,
        image: StoredImage,
        query: Callable[[], str | None],
        tell: Callable[[str], None],
        met: Callable[[Fault], None],
    ) -> AsyncIterator[Path]:
        """Give an image's file and keep it while inside; see :meth:`ImageCache.held`.

        ``query``: signs its download, asked for before each attempt. ``tell``: takes the stage, for
        people, while the store is away; what it raises ends the wait. ``met``: takes the fault that
        is waited out.

        Raises:
            FaultError: as the cache does.
        """
        async with AsyncExitStack() as held:
            yield await self._have(held, image, query, tell, met)

    async def _have(
        self,
        held: AsyncExitStack,
        image: StoredImage,
        query: Callable[[], str | None],
        tell: Callable[[str], None],
        met: Callable[[Fault], None],
    ) -> Path:
        failed, began = 0, self._clock()
        with ExitStack() as trouble:
            while True:
                try:
                    return await held.enter_async_context(self._cache.held(image, query()))
                except StoreAwayError as away:
                    began = self._clock() if not failed else began
                    if self._clock() - began >= self._patience:
                        raise
                    if not failed:
                        _log.warning("%s", away)
                        met(away.fault)
                        trouble.enter_context(self._troubles.having(away.fault))
                failed += 1
                delay = self._backoff.delay(failed)
                tell(f"The image store cannot be reached; trying again in {delay:g} s")
                await asyncio.sleep(delay)
