"""When a running job has something to say: an event, a sample, or silence (contract section 3).

It looks at the run's counters and at a clock; what is said and where it goes is not its business.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto
from typing import NamedTuple

from flashyard.contract.phases import Phase
from flashyard.flash.running.meter import Meter, Reading
from flashyard.flash.running.run import Run, Where

REPEAT_S = 5.0  # unchanged progress is repeated so often
_NOTHING_YET = Reading(progress=0.0, bytes=0, speed=0, average=0, eta=0)


class Word(Enum):
    """What is due: EVENT for a new phase or stage and the first progress, else SAMPLE or not."""

    EVENT = auto()
    SAMPLE = auto()
    NOTHING = auto()


class Look(NamedTuple):
    """What one look found: where the run is, how far, and what is due.

    ``passed``: where it was since the last look but did not stay, with how far it was then; each
    is an event of its own.
    """

    passed: tuple[tuple[Where, Reading], ...]
    where: Where
    reading: Reading
    word: Word


class Sampler:
    """Watches one run. ``interval``: seconds between two samples; ``clock``: monotonic seconds."""

    def __init__(self, run: Run, total: int, interval: float, clock: Callable[[], float]) -> None:
        self._run = run
        self._meter = Meter(total, clock, run.content)
        self._interval = interval
        self._clock = clock
        self._revision: int | None = None
        self._said = _NOTHING_YET
        self._said_at = 0.0

    def look(self) -> Look:
        """Read the counters; telling what is due is for the caller, at once."""
        turns = self._run.turns(after=-1 if self._revision is None else self._revision)
        where = turns[-1] if turns else self._run.where
        passed = tuple((turn, self._then(turn)) for turn in turns[:-1])
        reading = _ahead(where, self._meter.sample(self._run.content, self._run.wire))
        word = self._word(where, reading)
        if word is not Word.NOTHING:
            self._revision = where.revision
            self._said = reading
            self._said_at = self._clock()
        return Look(passed, where, reading, word)

    def _then(self, turn: Where) -> Reading:
        """Give the reading of a moment gone by; its speed and time left are those last said."""
        percent = self._meter.percent(turn.content)
        return _ahead(turn, self._said._replace(progress=percent, bytes=turn.content))

    def _word(self, where: Where, reading: Reading) -> Word:
        if where.revision != self._revision:
            return Word.EVENT
        silence = self._clock() - self._said_at
        changed = (reading.bytes, reading.speed) != (self._said.bytes, self._said.speed)
        return Word.SAMPLE if silence >= (self._interval if changed else REPEAT_S) else Word.NOTHING


def _ahead(where: Where, reading: Reading) -> Reading:
    """On a way back nothing of the job is still to come, however much of it was not written."""
    return reading._replace(eta=0) if where.phase is Phase.ROLLING_BACK else reading
