"""How much time has gone by, whatever people set clocks to."""

from __future__ import annotations

import time


def since_boot() -> float:
    """Seconds that went by for everybody: a suspended host's too, which CLOCK_MONOTONIC skips.

    For what is agreed on with others: the time of day, how long a promise holds. Deadlines of
    devices and links are monotonic: nobody could answer a host that slept.
    """
    return time.clock_gettime(time.CLOCK_BOOTTIME)
