"""How long a DFU device may take for what, and the clock that tells. Seconds."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Limits:
    """Deadlines of a session, each for one thing asked of the device.

    Attributes:
        request: for a request that asks for no work.
        status: for GETSTATUS, during which a DfuSe device erases and writes.
        block: for one block, or one page erased, however often the device asks for patience.
        manifest: for making the new firmware its own.
        attach: for coming back in DFU mode.
        look: between two looks for a device that is to come back.
    """

    request: float = 5.0
    status: float = 35.0
    block: float = 120.0
    manifest: float = 300.0
    attach: float = 30.0
    look: float = 0.25


class Clock(NamedTuple):
    """Monotonic seconds, and how to let some pass."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


DEFAULT_LIMITS = Limits()
REAL_CLOCK = Clock()
