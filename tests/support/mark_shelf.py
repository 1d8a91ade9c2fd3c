"""Keeps a run's marks as a journal does; at one of them it pauses the run, or the process dies."""

from __future__ import annotations

from threading import Event

from flashyard.flash.running.mark import Mark
from flashyard.flash.running.run import Run


class KilledError(BaseException):
    """The process is gone."""


class MarkShelf:
    """``at``: the number of the mark at which it happens; ``run`` is set by whoever runs it."""

    def __init__(self, at: int, *, dies: bool = False) -> None:
        self.kept: list[Mark] = []
        self.run: Run | None = None
        self._at = at
        self._dies = dies

    def keep(self, mark: Mark) -> Event:
        done = Event()
        done.set()
        if len(self.kept) == self._at:
            if self._dies:
                raise KilledError
            assert self.run is not None
            self.run.pause()
        self.kept.append(Mark.decode(mark.encode()))
        return done
