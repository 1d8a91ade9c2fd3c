"""Where a job is: the closed set of phases, the moves between them, and questions as sets."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Phase(StrEnum):
    """Drives code; the *stage* beside it is free text for people."""

    QUEUED = "queued"
    PREPARING = "preparing"
    IDENTIFYING = "identifying"
    ERASING = "erasing"
    WRITING = "writing"
    SYNCING = "syncing"
    VERIFYING = "verifying"
    ACTIVATING = "activating"
    FINISHING = "finishing"
    ROLLING_BACK = "rolling_back"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Status(StrEnum):
    """What a job is doing, as REST tells it. ``paused`` is a status, not a phase."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Verification(StrEnum):
    """How far a result was checked, never overstated."""

    NONE = "none"
    IMAGE = "image"
    TRANSPORT = "transport"
    READBACK = "readback"
    BOOTED = "booted"


FINAL = frozenset({Phase.COMPLETED, Phase.FAILED, Phase.CANCELLED})
FINAL_STATUS = frozenset({Status.COMPLETED, Status.FAILED, Status.CANCELLED})
ACTIVE_STATUS = frozenset({Status.QUEUED, Status.RUNNING, Status.PAUSED})
# From `activating` on the device is being told to use what was written: no way back by a cancel.
CANCELLABLE = frozenset(
    {
        Phase.QUEUED,
        Phase.PREPARING,
        Phase.IDENTIFYING,
        Phase.ERASING,
        Phase.WRITING,
        Phase.SYNCING,
        Phase.VERIFYING,
    }
)

_ENDS = frozenset({Phase.FAILED, Phase.CANCELLED})
# After a pause, a restart of its hub or a lost link a job begins with these again, and goes on from
# its last safe point.
_AGAIN = frozenset({Phase.PREPARING})
# A job of several steps goes back from the later phases to `erasing` or `writing`.
_STEP = frozenset({Phase.ERASING, Phase.WRITING})
NEXT: Mapping[Phase, frozenset[Phase]] = {
    Phase.QUEUED: frozenset({Phase.PREPARING}) | _ENDS,
    Phase.PREPARING: frozenset({Phase.IDENTIFYING}) | _ENDS,
    # Taken up again, a job may have all of its steps behind it, or some to take back.
    Phase.IDENTIFYING: _STEP
    | _AGAIN
    | _ENDS
    | {Phase.ACTIVATING, Phase.FINISHING, Phase.ROLLING_BACK},
    # Once all is written, what belongs to the device's user may be erased: then it ends from here.
    Phase.ERASING: frozenset({Phase.WRITING, Phase.ACTIVATING, Phase.FINISHING, Phase.ROLLING_BACK})
    | _AGAIN
    | _ENDS,
    Phase.WRITING: frozenset(
        {Phase.SYNCING, Phase.VERIFYING, Phase.ACTIVATING, Phase.FINISHING, Phase.ROLLING_BACK}
    )
    | _STEP
    | _AGAIN
    | _ENDS,
    Phase.SYNCING: frozenset(
        {Phase.VERIFYING, Phase.ACTIVATING, Phase.FINISHING, Phase.ROLLING_BACK}
    )
    | _STEP
    | _AGAIN
    | _ENDS,
    Phase.VERIFYING: frozenset({Phase.ACTIVATING, Phase.FINISHING, Phase.ROLLING_BACK})
    | _STEP
    | _AGAIN
    | _ENDS,
    Phase.ACTIVATING: frozenset({Phase.FINISHING, Phase.ROLLING_BACK, Phase.FAILED}),
    Phase.FINISHING: frozenset({Phase.COMPLETED, Phase.ROLLING_BACK, Phase.FAILED}),
    Phase.ROLLING_BACK: frozenset({Phase.FAILED, Phase.CANCELLED}),
    Phase.COMPLETED: frozenset(),
    Phase.FAILED: frozenset(),
    Phase.CANCELLED: frozenset(),
}


class IllegalMoveError(ValueError):
    """Raised by :func:`move`; names both phases."""

    def __init__(self, here: Phase, there: Phase) -> None:
        super().__init__(f"a job cannot go from {here} to {there}")
        self.here = here
        self.there = there


def move(here: Phase, there: Phase) -> Phase:
    """Go from one phase to another, or raise :class:`IllegalMoveError`."""
    if there not in NEXT[here]:
        raise IllegalMoveError(here, there)
    return there


def status_of(phase: Phase) -> Status:
    """Tell the status a phase implies; pausing is known to the job, not to the phase."""
    if phase in FINAL or phase is Phase.QUEUED:
        return Status(phase.value)
    return Status.RUNNING
