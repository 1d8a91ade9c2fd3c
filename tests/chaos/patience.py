"""How long somebody waits for what a system does: only the time counts in which it is whole.

How long it takes to be so again is the machine's affair, and is bounded elsewhere.
"""

from __future__ import annotations

import asyncio

from chaos.system import System

_PAUSE = 0.3  # seconds between two looks


class Patience:
    """So many seconds of a system that is whole, from now on."""

    def __init__(self, system: System, seconds: float) -> None:
        self._system = system
        self._left = seconds
        self._looked_at = asyncio.get_running_loop().time()

    async def lasts(self) -> bool:
        """Pause, and tell whether any is left."""
        await asyncio.sleep(_PAUSE)
        now = asyncio.get_running_loop().time()
        if self._system.is_whole:
            self._left -= now - self._looked_at
        self._looked_at = now
        return self._left > 0
