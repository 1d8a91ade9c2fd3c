"""How long jobs have been in which phase, as far as one listened. It asks nobody anything."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from flashyard.contract.messages import (
    FlashCompleted,
    FlashFailed,
    FlashPaused,
    FlashProgress,
    FlashResumed,
    FlashStarted,
)
from flashyard.contract.phases import Phase
from flashyard.contract.tracked import Frame

MOST = 200  # stretches of one job; of more the first ones count


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time in one phase, by the hub's clock; ``bytes``: of content, that were taken before it.

    ``until`` and ``bytes_until``: at its end; None: it goes on.
    """

    phase: Phase
    since: int
    bytes: int
    until: int | None = None
    bytes_until: int | None = None


@dataclass(frozen=True, slots=True)
class Pace:
    """What was heard of a job, oldest first.

    ``is_whole``: all of it, and it was neither paused nor had to begin again. ``was_paused``: also
    where that was before its beginning was heard of.
    """

    stretches: tuple[Stretch, ...] = ()
    is_whole: bool = True
    was_paused: bool = False

    @property
    def now(self) -> Stretch | None:
        """The stretch that goes on."""
        last = self.stretches[-1] if self.stretches else None
        return last if last is not None and last.until is None else None

    def left(self, at: int, amount: int | None = None) -> Pace:
        """End what goes on, at Unix ms, with so many bytes taken; None: as many as before."""
        now = self.now
        if now is None:
            return self
        taken = now.bytes if amount is None else max(now.bytes, amount)
        over = replace(now, until=max(at, now.since), bytes_until=taken)
        return replace(self, stretches=(*self.stretches[:-1], over))

    def entered(self, phase: Phase, at: int, amount: int) -> Pace:
        """Come into a phase at Unix ms, with so many bytes taken."""
        is_again = phase is Phase.PREPARING and bool(self.stretches)
        went_on = self.left(at, amount)
        more = (*went_on.stretches, Stretch(phase, at, amount))[:MOST]
        return replace(went_on, stretches=more, is_whole=self.is_whole and not is_again)


class Paces:
    """The paces of all jobs that were heard of since they began, or since one listens."""

    def __init__(self) -> None:
        self._paces: dict[str, Pace] = {}

    def snapshot(self) -> Mapping[str, Pace]:
        """Tell all of them as they are now, by job."""
        return dict(self._paces)

    def hear(self, frames: Sequence[Frame]) -> None:
        """Take what is said of jobs; never waits. Most of it is a mere sample, and is passed by."""
        for frame in frames:
            said = frame.message
            if isinstance(said, FlashProgress):
                pace = self._paces.get(said.job_id)
                now = pace.now if pace is not None else None
                if now is None or now.phase is not said.phase:
                    self._turn(said, pace)
            elif isinstance(said, FlashStarted):
                if said.job_id not in self._paces:
                    pace = Pace(is_whole=said.by is None)
                    self._paces[said.job_id] = pace.entered(said.phase, said.timestamp, 0)
            elif isinstance(said, FlashPaused | FlashResumed | FlashCompleted | FlashFailed):
                self._stop(said)

    def elapsed(self, job_id: str, phase: Phase, now: int) -> int:
        """Tell for how many ms a job has been in a phase at Unix ms; 0: nobody heard it come."""
        pace = self._paces.get(job_id)
        stretch = pace.now if pace is not None else None
        is_it = stretch is not None and stretch.phase is phase
        return max(now - stretch.since, 0) if stretch is not None and is_it else 0

    def keep(self, job_ids: Collection[str]) -> None:
        """Forget all other jobs."""
        self._paces = {job_id: pace for job_id, pace in self._paces.items() if job_id in job_ids}

    def _turn(self, said: FlashProgress, pace: Pace | None) -> None:
        # What a bridge says in a hub's place has the time of another word.
        missed = pace is None or said.by is not None
        pace = Pace() if pace is None else pace
        turned = pace.entered(said.phase, said.timestamp, said.bytes_transferred)
        self._paces[said.job_id] = replace(turned, is_whole=turned.is_whole and not missed)

    def _stop(self, said: FlashPaused | FlashResumed | FlashCompleted | FlashFailed) -> None:
        pace = self._paces.get(said.job_id, Pace())
        if isinstance(said, FlashPaused | FlashResumed):
            pace = replace(pace, was_paused=True, is_whole=False)
        elif said.job_id not in self._paces:
            return
        self._paces[said.job_id] = pace.left(said.timestamp)
