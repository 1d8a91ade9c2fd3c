"""Looks out for what comes and goes: events hurry it, and a scan makes up for lost ones."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event
from typing import Protocol

from flashyard.flash.ports.settling import Change, Settling
from flashyard.flash.ports.sysfs import Sysfs

RESCAN = 1.0  # seconds between two scans that no event asked for


class Waiter(Protocol):
    """What a lookout sleeps on; :class:`~flashyard.flash.ports.monitor.Monitor` is one."""

    def wait(self, seconds: float) -> None:
        """Wait at most so long; less where something happens."""

    def wake(self) -> None:
        """End a wait, from any thread."""


class Lookout:
    """What is plugged in, as a stream of changes. Blocking: for a thread of its own.

    ``clock`` tells monotonic seconds; ``rescan`` is how long it may miss what no event told.
    """

    def __init__(
        self,
        sysfs: Sysfs,
        waiter: Waiter,
        *,
        settling: Settling | None = None,
        rescan: float = RESCAN,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sysfs = sysfs
        self._waiter = waiter
        self._settling = settling or Settling()
        self._rescan = rescan
        self._clock = clock
        self._has_begun = False
        self._over = Event()

    def changes(self) -> list[Change] | None:
        """Wait for the next changes; the first call tells at once what is there. None: over."""
        while not self._over.is_set():
            told = self._settling.observe(self._sysfs.scan(), self._clock())
            if told or not self._has_begun:
                self._has_begun = True
                return told
            due = self._settling.due
            left = self._rescan if due is None else due - self._clock()
            self._waiter.wait(min(left, self._rescan))
        return None

    def end(self) -> None:
        """Have a wait end, and every later one at once; from any thread."""
        self._over.set()
        self._waiter.wake()
