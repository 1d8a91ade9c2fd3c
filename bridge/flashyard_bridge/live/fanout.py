"""The WebSocket side: who watches, the snapshot each begins with, and the fan-out.

Single-threaded: a snapshot and the joining happen in one go, so there is no gap and no duplicate.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from flashyard.contract.tracked import Frame
from flashyard_bridge.live.news import News
from flashyard_bridge.live.tally import Tally
from flashyard_bridge.live.watcher import Watcher
from flashyard_bridge.live.words import Ping, decode_word


class Live:
    """All browsers that watch.

    Args:
        snapshot: what a new connection is told of the present.
        clock: Unix ms, for pongs.

    Attributes:
        tally: what was told.
    """

    def __init__(self, snapshot: Callable[[], Sequence[Frame]], clock: Callable[[], int]) -> None:
        self.tally = Tally()
        self._snapshot = snapshot
        self._clock = clock
        self._has_begun = False
        self._early: dict[Watcher, None] = {}
        self._watchers: dict[Watcher, None] = {}
        self._joined = 0
        self._batch: list[News] = []
        # Jobs that were given up and came back: the connections from before hear no more of them.
        self._revived: dict[str, int] = {}

    @property
    def connected(self) -> int:
        """How many browsers are connected."""
        return len(self._early) + len(self._watchers)

    def begin(self) -> None:
        """The first picture is complete: those who came early are told it, and all go live."""
        self._has_begun = True
        early, self._early = self._early, {}
        for watcher in early:
            self.join(watcher)

    def join(self, watcher: Watcher) -> None:
        """Tell a new browser what is true, and let it hear what follows."""
        if not self._has_begun:
            self._early[watcher] = None
            return
        self._flush()
        self._joined += 1
        watcher.number = self._joined
        self._watchers[watcher] = None
        watcher.welcome(self._replay())

    def leave(self, watcher: Watcher) -> None:
        """Forget a browser."""
        self._early.pop(watcher, None)
        self._watchers.pop(watcher, None)

    def hear(self, watcher: Watcher, text: bytes) -> None:
        """Do what a browser asks.

        Raises:
            ValueError: it is neither a ping nor a subscribe.
        """
        word = decode_word(text)
        if isinstance(word, Ping):
            watcher.answer(word.answer(self._clock()))
            return
        self._flush()
        watcher.follow(word, self._replay() if watcher in self._watchers else ())

    def publish(self, frames: Sequence[Frame]) -> None:
        """Send frames to all who want them, in order; what gathers in one tick goes in one write.

        Never waits, and no browser is delayed by another.
        """
        if frames and not self._batch:
            asyncio.get_running_loop().call_soon(self._flush)
        self._batch += map(self._noted, frames)

    def _replay(self) -> list[News]:
        return [News.of(frame) for frame in self._snapshot()]

    def _noted(self, frame: Frame) -> News:
        if not frame.revived:
            return News.of(frame)
        job = str(getattr(frame.message, "job_id", ""))
        news = News.of(frame, since=self._revived.setdefault(job, self._joined))
        if news.is_end:
            del self._revived[job]
        return news

    def _flush(self) -> None:
        batch, self._batch = self._batch, []
        if not batch:
            return
        everyones = all(news.since == 0 for news in batch)
        parcels = [news.parcel.data for news in batch if news.job is not None]
        joined = b"".join(parcels) if everyones else None
        at_once = sum(watcher.deliver(batch, joined) for watcher in tuple(self._watchers))
        self.tally.messages += len(batch)
        self.tally.sent += at_once * len(parcels)
