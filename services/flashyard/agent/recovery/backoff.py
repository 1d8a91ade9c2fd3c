"""What is tried again, after how long, and how often. It tries nothing itself."""

from __future__ import annotations

from typing import NamedTuple

from flashyard.contract.faults import Code, Fault
from flashyard.contract.phases import NEXT, Phase

# A link that may be there again in a moment. A plug that was pulled is somebody's hand, and what a
# device or a protocol says no to stays a no.
_PASSING = {
    Code.LINK_LOST: "Link lost",
    Code.DEVICE_SILENT: "The device does not answer",
    Code.TIMED_OUT: "The device takes too long",
}


class Backoff(NamedTuple):
    """Seconds before the next attempt: ``first``, then ``factor`` times as many, up to ``most``."""

    first: float
    factor: float
    most: float

    def delay(self, failed: int) -> float:
        """Tell how long to wait after so many failed attempts, at least one."""
        delay = self.first
        for _ in range(failed - 1):
            if delay >= self.most:
                break
            delay *= self.factor
        return min(delay, self.most)


IMAGE = Backoff(1.0, 2.0, 30.0)  # the way to the image store
LINK = Backoff(1.0, 5.0, 30.0)  # the way to a device
RECORD = Backoff(5.0, 2.0, 300.0)  # until a history has a job's record


class Again(NamedTuple):
    """One more attempt: its ``number`` among ``most``, after a ``delay`` in seconds."""

    number: int
    most: int
    delay: float
    why: Code

    @property
    def words(self) -> str:
        """What is waited for, for people."""
        what, number = _PASSING[self.why], f"{self.number} of {self.most}"
        return f"{what}; trying again in {self.delay:g} s ({number})"


def once_more(
    why: Fault, phase: Phase, tried: int, most: int, backoff: Backoff = LINK
) -> Again | None:
    """Tell whether a job that broke in a phase goes on from its last safe point; None: it ends.

    ``tried``: how often it was tried again already; ``most``: how often that may be.
    """
    if tried >= most or why.code not in _PASSING or Phase.PREPARING not in NEXT[phase]:
        return None
    return Again(tried + 1, most, backoff.delay(tried + 1), why.code)
