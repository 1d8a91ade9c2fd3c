"""What a browser's wish kept from it: of each job the newest message of each type.

When its wish widens, a job that it never saw is told from the beginning, and one that it lost
sight of is brought up to date, the end included. It knows messages; no socket and no wish.
"""

from __future__ import annotations

from collections.abc import Callable

from flashyard_bridge.live.news import News

MAX_ENDS = 1_000  # of jobs that a browser lost sight of; the oldest go first


class Withheld:
    """The messages by job, in the order they came."""

    def __init__(self) -> None:
        self._jobs: dict[str, dict[type, News]] = {}
        self._ended: dict[str, None] = {}

    def keep(self, job: str, news: News, *, was_seen: bool) -> None:
        """Keep a message; a job that began and ended unseen is no business of the browser's."""
        if news.is_end and not was_seen:
            self._jobs.pop(job, None)
            return
        kept = self._jobs.setdefault(job, {})
        kept.pop(type(news.message), None)  # the newest comes last
        kept[type(news.message)] = news
        if news.is_end:
            self._ended[job] = None
            if len(self._ended) > MAX_ENDS:
                self._drop(next(iter(self._ended)))

    def release(self, is_wanted: Callable[[News], bool]) -> list[News]:
        """Hand out what is wanted now, job by job."""
        told: list[News] = []
        for job, kept in list(self._jobs.items()):
            if all(map(is_wanted, kept.values())):
                told += kept.values()
                self._drop(job)
        return told

    def _drop(self, job: str) -> None:
        del self._jobs[job]
        self._ended.pop(job, None)
