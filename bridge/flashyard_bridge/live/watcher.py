"""One browser: what it asked to see, what it was not told yet, and what it has yet to receive.

It knows its socket only as something that takes bytes until it says stop.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from websockets.frames import CloseCode

from flashyard.contract.messages import Pong
from flashyard_bridge.live.news import News, framed
from flashyard_bridge.live.outbox import Outbox, Parcel
from flashyard_bridge.live.pace import Pace
from flashyard_bridge.live.tally import Tally
from flashyard_bridge.live.withheld import Withheld
from flashyard_bridge.live.words import Subscribe

MAX_WEIGHT = 256 * 1024  # bytes of lifecycle messages that may wait beyond what was asked for
LONGEST_INTERVAL = 60_000  # ms a browser may hold its samples back
_PORTION = 16 * 1024  # bytes joined into one write; what still waits can be replaced by newer
_EVERYTHING = Subscribe()


class Socket(Protocol):
    """What a watcher writes to."""

    def write(self, data: bytes) -> None:
        """Take frames; call :meth:`Watcher.pause` back where that is enough for now."""

    def close(self, code: int, reason: str) -> None:
        """Close the connection; :meth:`Watcher.stop` is called on the way."""


class Watcher:
    """One browser's view.

    Args:
        socket: where its bytes go.
        only: the one job whose messages it wants (its path), or None for all.
        tally: counts what it is sent.
    """

    def __init__(self, socket: Socket, only: str | None, tally: Tally) -> None:
        self.number = 0  # in the order of joining; set by the one it joins
        self._socket = socket
        self._only = only
        self._wish = _EVERYTHING
        self._pace: Pace | None = None
        self._outbox = Outbox(tally)
        self._bound = MAX_WEIGHT
        self._withheld = Withheld()
        self._seen: set[str | None] = set()  # the active jobs it was told of before its last wish
        self._writable = True

    def welcome(self, replay: Iterable[News]) -> None:
        """Tell what is true now, before anything live."""
        for news in replay:
            self._offer(news)
        self._bound += self._outbox.weight
        self._drain()

    def deliver(self, batch: Sequence[News], joined: bytes | None) -> bool:
        """Pass on what happened; say whether all of ``joined`` was written, and not tallied.

        ``joined``: the bytes of it all, for one who sees everything.
        """
        plain = self._only is None and self._wish is _EVERYTHING
        if plain and joined is not None and self._writable and not self._outbox:
            if joined:
                self._socket.write(joined)
            return True
        for news in batch:
            self._offer(news)
        self._drain()
        return False

    def follow(self, wish: Subscribe, present: Iterable[News]) -> None:
        """Narrow, or widen, what follows; what comes into view is told as far as it was missed.

        ``present``: what a new connection would be told.
        """
        held = self._pace.stop() if self._pace else []
        self._seen = {n.job for n in present if n.job in self._seen or self._wants(n)}
        self._wish = wish
        interval = min(wish.min_interval or 0, LONGEST_INTERVAL)
        self._pace = Pace(interval / 1000, self._release) if interval else None
        missed = self._withheld.release(self._wants)
        self._bound = max(self._bound, MAX_WEIGHT + sum(len(n.parcel.data) for n in missed))
        for news in missed:
            self._offer(news)
        self._release(held)

    def answer(self, pong: Pong) -> None:
        """Answer a ping; of those that cannot be sent yet only the newest counts."""
        self.owe(Parcel(framed(pong.encode()), key="pong"))

    def owe(self, parcel: Parcel) -> None:
        """Send something of the connection's own in its turn."""
        self._release([parcel])

    def pause(self) -> None:
        """The socket has enough for now."""
        self._writable = False

    def resume(self) -> None:
        """The socket takes more."""
        self._writable = True
        self._drain()

    def stop(self) -> None:
        """Nothing more will be sent."""
        self._writable = False
        self._outbox.clear()
        if self._pace is not None:
            self._pace.stop()
            self._pace = None

    def _offer(self, news: News) -> None:
        if news.since >= self.number or self._only not in {None, news.job}:
            return
        if not self._wants(news):
            if news.job is not None:
                self._withheld.keep(news.job, news, was_seen=news.job in self._seen)
            return
        parcel = news.parcel
        if self._pace is not None:
            if news.is_sample and self._pace.holds(str(news.job), parcel):
                return
            earlier = self._pace.give_up(parcel.after) if parcel.after else None
            if earlier is not None:
                self._outbox.put(earlier)
        self._outbox.put(parcel)

    def _wants(self, news: News) -> bool:
        asked = news.job is not None or self._wish.changes is True
        return asked and self._wish.admits(news.message)

    def _release(self, parcels: Iterable[Parcel]) -> None:
        for parcel in parcels:
            self._outbox.put(parcel)
        self._drain()

    def _drain(self) -> None:
        while self._writable and self._outbox:
            self._socket.write(self._outbox.take(_PORTION))
        if self._outbox.weight > self._bound:
            self._socket.close(CloseCode.TRY_AGAIN_LATER, "too slow for the messages there are")
