"""What was logged of late, so that nobody fills the log by doing the same again and again."""

from __future__ import annotations

import time
from collections.abc import Hashable

_SILENCE = 60.0  # seconds between two lines about the same
_MOST = 200  # lines in that time, whatever they are about


class Told:
    """Lines of one kind, each about a key."""

    def __init__(self) -> None:
        self._told: dict[Hashable, float] = {}  # the oldest first

    def is_news(self, key: Hashable) -> bool:
        """May a line about this be logged now? If so, it counts as logged."""
        now = time.monotonic()
        while self._told and now - self._told[oldest := next(iter(self._told))] >= _SILENCE:
            del self._told[oldest]
        if key in self._told or len(self._told) >= _MOST:
            return False
        self._told[key] = now
        return True
