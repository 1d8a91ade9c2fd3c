"""What one sender is allowed: as much as every one of its buckets grants it.

It knows bytes and seconds, and nothing of what is sent.
"""

from __future__ import annotations

from collections.abc import Callable

from flashyard.flash.throttle.bucket import Bucket, Sender, Ticket

# Seconds after which a sender looks again at the latest: the rate may be another by then.
_LOOK_AGAIN = 0.1

Wait = Callable[[float], bool]
"""Sleeps so many seconds at most; True: leave off waiting, as :meth:`threading.Event.wait`."""


class Allowance:
    """For the thread that sends. ``buckets``: first its own, last the one shared by the most.

    Attributes:
        is_waited_for: does the sender wait for it right now? For other threads to look at.
    """

    def __init__(self, *buckets: Bucket) -> None:
        self._drawn = tuple((bucket, Sender()) for bucket in buckets)
        self.is_waited_for = False

    @property
    def rate(self) -> int | None:
        """Bytes a second it can have at most, were it alone; None: any number."""
        return min((b.rate for b, _ in self._drawn if b.rate is not None), default=None)

    @property
    def portion(self) -> int | None:
        """How many bytes to take at a time; None: there is no limit now, take them as they are."""
        portions = (bucket.portion for bucket, _ in self._drawn)
        return min((p for p in portions if p is not None), default=None)

    def take(self, count: int, wait: Wait) -> bool:
        """Wait until ``count`` bytes may be sent; False: ``wait`` left off before.

        A shared bucket is asked last, so that nobody keeps from others what it cannot use yet.
        """
        for bucket, sender in self._drawn:
            if bucket.rate is not None:
                ticket = bucket.ask(sender, count)
                if not ticket.granted and not self._await(bucket, ticket, wait):
                    return False
        return True

    def _await(self, bucket: Bucket, ticket: Ticket, wait: Wait) -> bool:
        self.is_waited_for = True
        try:
            while seconds := bucket.wait_for(ticket):
                if wait(min(seconds, _LOOK_AGAIN)):
                    return False
        finally:
            bucket.leave(ticket)
            self.is_waited_for = False
        return True


FREE = Allowance()
