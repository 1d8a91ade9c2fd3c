"""A browser's own pace: its samples pass at once, then once per job and interval.

It knows parcels and the loop's timer; it sends nothing itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from flashyard_bridge.live.outbox import Parcel


class Pace:
    """Holds samples back, the newest of each job, until the interval (seconds) is over."""

    def __init__(self, interval: float, release: Callable[[Iterable[Parcel]], None]) -> None:
        self._interval = interval
        self._release = release
        self._held: dict[str, Parcel] = {}
        self._timer: asyncio.TimerHandle | None = None

    def holds(self, key: str, sample: Parcel) -> bool:
        """Take a sample; say whether it is held back, or may pass now."""
        if self._timer is None:
            self._arm()
            return False
        self._held[key] = sample
        return True

    def give_up(self, key: str) -> Parcel | None:
        """Hand out a held sample early: the job's next event may not overtake it."""
        return self._held.pop(key, None)

    def stop(self) -> list[Parcel]:
        """Stop the timer and hand out what is held."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        held, self._held = self._held, {}
        return list(held.values())

    def _arm(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._interval, self._is_due)

    def _is_due(self) -> None:
        self._timer = None
        held, self._held = self._held, {}
        if held:
            self._arm()
            self._release(held.values())
