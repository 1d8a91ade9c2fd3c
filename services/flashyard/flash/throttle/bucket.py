"""A token bucket that any number of senders draw from, each in its turn.

It counts bytes and lets nobody wait: when to look again is told, the waiting is the sender's own.
Who is next is start-time fair queueing (Goyal, Vin, Cheng: "Start-time Fair Queuing", SIGCOMM
1996): by bytes and not by turns, so that who asks for little at a time loses nothing by it.
"""

from __future__ import annotations

import time
from bisect import insort
from collections.abc import Callable
from threading import Lock

# Seconds of its rate that an idle bucket saves: enough to make up for a late wake-up.
BURST = 0.1
_PORTION = 0.05  # seconds of the rate that all who wait ask for together
# The largest packet of a USB bulk pipe (USB 3.2, 9.6.6): a portion that is a multiple of it never
# ends a transfer early.
GRAIN = 1024
_SOON = 0.001  # seconds: the least to wait before looking again


class Sender:
    """One who draws from a bucket: where it stands in the order of turns."""

    __slots__ = ("had",)

    def __init__(self) -> None:
        self.had = 0.0


class Ticket:
    """A wish for ``count`` bytes; ``granted`` once its turn has come and they are there."""

    __slots__ = ("count", "granted", "sender", "start")

    def __init__(self, sender: Sender, count: int, start: float) -> None:
        self.sender = sender
        self.count = count
        self.start = start
        self.granted = False


class Bucket:
    """Grants at most ``rate`` bytes a second; None: any number. For any number of threads.

    In any stretch of ``t`` seconds it grants no more than ``rate * (t + BURST)`` bytes, or one
    wish more than ``rate * t`` where a single one is larger than the burst. ``clock`` tells
    monotonic seconds.
    """

    def __init__(
        self, rate: int | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate = rate
        self._clock = clock
        self._lock = Lock()
        self._waiting: list[Ticket] = []  # in the order of their turns
        self._turn = 0.0  # the start of the wish that was granted last
        self._saved = 0.0
        self._counted_at = clock()

    @property
    def rate(self) -> int | None:
        """Bytes a second; None: as many as there are."""
        return self._rate

    def change(self, rate: int | None) -> None:
        """Hold to another rate from now on, those who wait already included."""
        with self._lock:
            self._count()
            self._rate = rate
            self._saved = min(self._saved, self._room())
            self._grant()

    @property
    def portion(self) -> int | None:
        """How many bytes to ask for at a time, for all to get on smoothly; None: any number."""
        rate = self._rate
        if rate is None:
            return None
        each = int(rate * _PORTION) // (len(self._waiting) + 1)
        return max(GRAIN, each - each % GRAIN)

    def ask(self, sender: Sender, count: int) -> Ticket:
        """Wish for bytes; a sender has one wish at a time."""
        with self._lock:
            self._count()
            ticket = Ticket(sender, count, max(self._turn, sender.had))
            sender.had = ticket.start + count
            insort(self._waiting, ticket, key=_start)
            self._grant()
            return ticket

    def wait_for(self, ticket: Ticket) -> float:
        """Tell in how many seconds to look again whether it is granted, as things stand now."""
        with self._lock:
            self._count()
            self._grant()
            if ticket.granted or self._rate is None:
                return 0.0
            ahead = 0
            for other in self._waiting:
                ahead += other.count
                if other is ticket:
                    break
            return max(_SOON, (ahead - self._saved) / self._rate)

    def leave(self, ticket: Ticket) -> None:
        """Wish for it no longer; what was granted is gone."""
        with self._lock:
            if not ticket.granted:
                self._waiting.remove(ticket)
                ticket.sender.had = ticket.start

    def _count(self) -> None:
        """Save what came since the last look."""
        now = self._clock()
        if self._rate is not None:
            came = (now - self._counted_at) * self._rate
            self._saved = min(self._saved + came, self._room())
        self._counted_at = now

    def _room(self) -> float:
        """Tell how much can be saved: a burst, or what the next wish is larger than that."""
        burst = (self._rate or 0) * BURST
        return max(burst, self._waiting[0].count) if self._waiting else burst

    def _grant(self) -> None:
        """Give what is saved to those whose turn it is."""
        while self._waiting and (self._rate is None or self._saved >= self._waiting[0].count):
            ticket = self._waiting.pop(0)
            ticket.granted = True
            self._turn = max(self._turn, ticket.start)
            if self._rate is not None:
                self._saved -= ticket.count


def _start(ticket: Ticket) -> float:
    return ticket.start
