"""A running job from which nothing comes: when that is said, and when it is the end of it.

It is shown signs of life and a clock; it stops nothing itself.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from flashyard.contract.faults import Code, Fault, fault
from flashyard.contract.phases import Phase
from flashyard.flash.running.run import Run


class Deadline(NamedTuple):
    """Seconds without a sign of life: after ``say`` it is told, after ``give_up`` it is the end."""

    say: float
    give_up: float


# The second is longer than any deadline of a target's own: those tell more of what it was at. To
# erase user data, to have a medium keep what it was sent, and to restart take long without a word.
DEADLINES: Mapping[Phase, Deadline] = MappingProxyType(
    {
        Phase.PREPARING: Deadline(10.0, 900.0),
        Phase.IDENTIFYING: Deadline(10.0, 300.0),
        Phase.ERASING: Deadline(30.0, 600.0),
        Phase.WRITING: Deadline(10.0, 600.0),
        Phase.SYNCING: Deadline(120.0, 3600.0),
        Phase.VERIFYING: Deadline(10.0, 300.0),
        Phase.ACTIVATING: Deadline(15.0, 300.0),
        Phase.FINISHING: Deadline(15.0, 600.0),
        Phase.ROLLING_BACK: Deadline(10.0, 600.0),
    }
)


class Silence(NamedTuple):
    """A silence that is to be told.

    Attributes:
        of: who is silent.
        told: seconds, which double from one time it is told to the next: so those are few.
        lasted: seconds, by now.
        is_too_long: is it to end the job?
    """

    of: str
    told: float
    lasted: float
    is_too_long: bool

    @property
    def words(self) -> str:
        """The stage meanwhile."""
        return f"Nothing {self.of} for {self.told:g} s"

    @property
    def sentence(self) -> str:
        """Why it was given up."""
        return f"Nothing came {self.of} for {self.lasted:.0f} s."


class Stall:
    """Watches one run; ``clock`` tells monotonic seconds.

    Attributes:
        silence: what the last look found; None: all is well.
    """

    def __init__(
        self, clock: Callable[[], float], deadlines: Mapping[Phase, Deadline] = DEADLINES
    ) -> None:
        self.silence: Silence | None = None
        self._clock = clock
        self._deadlines = deadlines
        self._signs: Hashable = None
        self._since = clock()

    def look(self, phase: Phase, signs: Hashable, *, waits: bool = False) -> Silence | None:
        """Look once. ``signs``: differ from the last ones wherever there was a sign of life.

        ``waits``: the run stands still because it was told to.
        """
        now = self._clock()
        if waits or signs != self._signs:
            self._signs, self._since = signs, now
        self.silence = self._judge(phase, now - self._since)
        return self.silence

    def verdict(self, why: Fault) -> Fault:
        """Tell why a run ended: where it was told to be silent, that is why, whoever gave it up."""
        if self.silence is None or why.code is not Code.DEVICE_SILENT:
            return why
        return fault(Code.TIMED_OUT, self.silence.sentence, details=why.sentence)

    def _judge(self, phase: Phase, silent: float) -> Silence | None:
        deadline = self._deadlines.get(phase)
        if deadline is None or silent < deadline.say:
            return None
        told = deadline.say
        while 2 * told <= silent:
            told *= 2
        what = "of the image" if phase is Phase.PREPARING else "from the device"
        return Silence(what, told, silent, silent >= deadline.give_up)


def signs_of(run: Run, fetched: int) -> Hashable:
    """What differs wherever a run shows that it lives; ``fetched``: bytes of its images."""
    return run.where.revision, run.wire, run.lines.count, run.breaths, fetched
