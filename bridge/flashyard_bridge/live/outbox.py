"""What one browser has yet to receive: progress latest-wins, lifecycle complete and in order.

It knows parcels and bytes; no socket, no message, no clock.
"""

from __future__ import annotations

from collections import OrderedDict
from itertools import count
from typing import NamedTuple

from flashyard_bridge.live.tally import Tally


class Parcel(NamedTuple):
    """One message framed for the wire, and the little an outbox must know of it.

    Attributes:
        data: the frame's bytes, the same object for every browser.
        key: a newer parcel of this key replaces an unsent older one; None: it is never dropped.
        after: the unsent parcel of this key must go first, and is not replaced any more.
    """

    data: bytes
    key: str | None = None
    after: str | None = None


class Outbox:
    """Parcels that wait, in the order they will be sent.

    ``weight``: bytes of those that no newer one can replace. What can be replaced is bounded by
    the number of keys; what cannot is for the owner to bound by this.
    """

    def __init__(self, tally: Tally) -> None:
        self.weight = 0
        self._tally = tally
        # A replaceable parcel is filed under its key, any other under a number of its own.
        self._waiting: OrderedDict[str | int, Parcel] = OrderedDict()
        self._numbers = count()

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, parcel: Parcel) -> None:
        """Add a parcel; a replaced one gives it its place."""
        if parcel.after is not None:
            earlier = self._waiting.pop(parcel.after, None)
            if earlier is not None:
                self._fix(earlier)
        if parcel.key is None:
            self._fix(parcel)
        else:
            self._tally.thinned += parcel.key in self._waiting
            self._waiting[parcel.key] = parcel

    def take(self, at_least: int) -> bytes:
        """Remove the oldest parcels, of this many bytes or a little more, and join them."""
        taken: list[bytes] = []
        size = 0
        while self._waiting and size < at_least:
            key, parcel = self._waiting.popitem(last=False)
            if isinstance(key, int):
                self.weight -= len(parcel.data)
            taken.append(parcel.data)
            size += len(parcel.data)
        self._tally.sent += len(taken)
        return b"".join(taken)

    def clear(self) -> None:
        """Drop everything: nobody is left to send it to."""
        self._waiting.clear()
        self.weight = 0

    def _fix(self, parcel: Parcel) -> None:
        self._waiting[next(self._numbers)] = parcel
        self.weight += len(parcel.data)
