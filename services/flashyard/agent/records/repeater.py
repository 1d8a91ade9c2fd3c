"""Who tells the records of ended jobs, again and again, until a history has them.

They are in the journal, and read from there when they are due; here is only which are under way.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import NoReturn

from flashyard.agent.journal import unrecorded
from flashyard.agent.journal.journal import Journal
from flashyard.agent.journal.unrecorded import TICK, Found
from flashyard.agent.records.window import Window
from flashyard.agent.recovery.backoff import Backoff
from flashyard.contract.orders import Recorded
from flashyard.contract.records import Unrecorded

TELL_EVERY = 10.0  # seconds; how soon a number is told again that changes
_NONE = Unrecorded(waiting=0)
_log = logging.getLogger(__name__)


class Repeater:
    """One hub's, over all its connections. All but :meth:`run` is called from the event loop.

    Args:
        journal: has the records.
        send: publishes one, whose payload it is given; False: the link takes nothing now.
        tell: takes what the hub is to say of them, None where all is on record, whenever that
            changes; not of records that are acknowledged as soon as they are sent.
        backoff: between two attempts.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        journal: Journal,
        send: Callable[[bytes], bool],
        tell: Callable[[Unrecorded | None], None],
        backoff: Backoff,
        clock: Callable[[], float],
    ) -> None:
        self._journal = journal
        self._send = send
        self._tell = tell
        self._backoff = backoff
        self._clock = clock
        self._window = Window(backoff, clock)
        self._nudge = asyncio.Event()
        self._connection: object | None = None  # another one each time all begins anew
        self._all = _NONE
        self._told: Unrecorded | None = None
        self._told_at = 0.0
        self._ticked_at: float | None = None  # None: nothing waits
        self._history: str | None = None
        self._is_refused = False

    @property
    def unrecorded(self) -> Unrecorded | None:
        """What is not on record, as it was when it was looked at last; None: nothing."""
        return None if self._all == _NONE else self._all

    def restore(self) -> Unrecorded | None:
        """Learn what an earlier run of the hub has left; return what is to be said of it.

        Blocking, before the journal begins.
        """
        self._journal.read(lambda connection: self._count(unrecorded.find(connection).told))
        self._told = self.unrecorded
        return self._told

    def ended(self) -> None:
        """Learn that the record of a job was given to the journal."""
        self._nudge.set()

    def begin_anew(self) -> None:
        """Tell all of it, the oldest first: the link is up, or somebody asks for all there is."""
        self._connection = object()
        self._window.begin_anew()
        self._nudge.set()

    def link_down(self) -> None:
        """Tell nothing for the time being."""
        self._connection = None
        self._is_refused = False

    def acknowledged(self, said: Recorded) -> None:
        """Take note of what a history has."""
        if self._history not in {None, said.history_id}:
            _log.warning("records are kept by another history now: %s", said.history_id)
        self._history = said.history_id
        self._window.acknowledged(said.job_ids)
        self._journal.write(partial(unrecorded.drop, job_ids=said.job_ids))
        self._nudge.set()

    async def run(self) -> NoReturn:
        """Tell records as they become due, for ever."""
        while True:
            self._nudge.clear()
            await self.look()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._pause()):
                    await self._nudge.wait()

    async def look(self) -> None:
        """Tell what is due now, and see what there is."""
        self._grow_older()
        connection, window = self._connection, self._window
        due, room = [], 0
        if connection is not None:
            due = window.due(others_wait=self._all.waiting > len(window))
            room = window.room
        found = await self._journal.ask(
            partial(unrecorded.find, due=due, beside=window.numbers, after=window.last, room=room)
        )
        self._count(found.told)
        if connection is self._connection:
            self._pass_on(found, due)
        if self._is_to_be_told(telling := self._telling):
            self._say(telling)

    def _pass_on(self, found: Found, due: list[int]) -> None:
        there = {row.number for row in found.rows}
        self._window.forget(number for number in due if number not in there)
        acknowledged = set(due) - set(self._window.numbers)  # while it was looked for
        self._is_refused = False
        for number, job_id, payload in found.rows:
            if number in acknowledged:
                continue
            if not self._send(payload):
                self._is_refused = True
                return
            self._window.sent(number, job_id)

    def _count(self, now: Unrecorded) -> None:
        if now.lost > self._all.lost:
            _log.error("%d records of ended jobs are given up: no history took them", now.lost)
        self._all = now
        if not now.waiting:
            self._ticked_at = None
        elif self._ticked_at is None:
            self._ticked_at = self._clock()

    def _grow_older(self) -> None:
        """Count the time in which records wait."""
        if self._ticked_at is not None and self._clock() - self._ticked_at >= TICK:
            self._ticked_at = self._clock()
            self._journal.write(unrecorded.tick)

    @property
    def _telling(self) -> Unrecorded | None:
        """What there is to tell: what is acknowledged as soon as it is sent is nobody's concern."""
        if self._window.is_unanswered or (self._told and self._told.waiting):
            return self.unrecorded
        return Unrecorded(waiting=0, lost=self._all.lost) if self._all.lost else None

    def _is_to_be_told(self, now: Unrecorded | None) -> bool:
        before = self._told
        if now is None or before is None or now.lost != before.lost or not now.waiting:
            return now != before
        return now != before and self._clock() - self._told_at >= TELL_EVERY

    def _say(self, now: Unrecorded | None) -> None:
        self._told, self._told_at = now, self._clock()
        self._tell(now)

    def _pause(self) -> float | None:
        """Tell how many seconds there is nothing to be done; None: until something comes."""
        now = self._clock()
        next_due = now + self._backoff.first if self._is_refused else self._window.next_due
        moments = [next_due if self._connection else None]
        if self._ticked_at is not None:
            moments.append(self._ticked_at + TICK)
        if self._told is not None and self._telling != self._told:
            moments.append(self._told_at + TELL_EVERY)
        return min((max(at - now, 0.0) for at in moments if at is not None), default=None)
