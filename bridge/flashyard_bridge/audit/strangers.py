"""Those whom no door let in: noted one by one, so many a minute; the rest of them is counted.

Whoever may not even come in must not be able to fill the database.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import NoReturn

from flashyard.contract.audit import AuditEntry
from flashyard.contract.faults import Code
from flashyard_bridge.audit.trail import Trail

A_MINUTE = 60  # lines
MINUTE = 60.0  # s


class Strangers:
    """Counts for as long as :meth:`run` runs.

    Args:
        trail: where they are noted.
        now: the bridge's clock, Unix ms.
    """

    def __init__(self, trail: Trail, now: Callable[[], int]) -> None:
        self._trail = trail
        self._now = now
        self._noted = self._counted = 0
        self._since = 0

    def note(self, entry: AuditEntry) -> None:
        """Note one, or count it; never waits."""
        if self._noted < A_MINUTE:
            self._noted += 1
            self._trail.note(entry)
            return
        self._since = self._since or entry.at
        self._counted += 1

    async def run(self) -> NoReturn:
        """Begin a new minute, for ever."""
        while True:
            await asyncio.sleep(MINUTE)
            self.tell()

    def tell(self) -> None:
        """Have the trail say how many were only counted, and begin anew."""
        counted, since = self._counted, self._since
        self._noted = self._counted = self._since = 0
        if counted:
            self._trail.note(
                AuditEntry(
                    at=self._now(),
                    action="refused_at_the_door",
                    outcome="refused",
                    code=Code.NOT_ALLOWED,
                    details={"requests": counted, "since": since, "until": self._now()},
                )
            )
