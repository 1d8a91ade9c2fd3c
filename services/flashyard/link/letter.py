"""What is sent over a link, and the one way a link fails; it knows no connection."""

from __future__ import annotations

import asyncio
from typing import NamedTuple


class Will(NamedTuple):
    """What the broker publishes for a client that goes without a DISCONNECT."""

    topic: str
    payload: bytes
    qos: int = 1
    retain: bool = True


class Letter(NamedTuple):
    """A message on its way out; ``confirmed`` is resolved with whether a PUBACK came."""

    topic: str
    payload: bytes
    qos: int
    retain: bool
    confirmed: asyncio.Future[bool] | None = None

    def settle(self, *, arrived: bool) -> None:
        """Tell the one who waits, if somebody still does."""
        if self.confirmed is not None and not self.confirmed.done():
            self.confirmed.set_result(arrived)


class LinkDownError(Exception):
    """The connection could not be made or is lost; its text is the reason, for people."""
