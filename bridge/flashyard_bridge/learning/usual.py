"""What is usual by the runs of others, and what of it is still ahead of a job. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from heapq import nlargest
from statistics import median_low

from flashyard.contract.expected import Expected, ExpectedPhase, Ground
from flashyard.contract.phases import Phase, Status
from flashyard.contract.records import Job
from flashyard_bridge.learning.run import NEWEST, Part, Run

LEAST = 3  # runs; of fewer nobody can say what is usual
COMPARABLE = 8  # times as much or as little content; beyond it nothing follows from a speed


def usual(grounds: Sequence[Ground], runs: Iterable[Run], amount: int) -> Expected | None:
    """Tell what is usual by the newest runs that are like a job of so many bytes.

    None: there are too few of them, or they took no time.
    """
    if "image" not in grounds:
        runs = (run.scaled_to(amount) for run in runs if _is_comparable(run.bytes, amount))
    newest = nlargest(NEWEST, runs, key=lambda run: run.at)
    if len(newest) < LEAST:
        return None
    phases = tuple(
        ExpectedPhase(phase=part.phase, partition=part.partition, duration_ms=ms)
        for part in _in_order(newest)
        # What most of them did without is not usual.
        if (ms := median_low([run.parts.get(part, 0) for run in newest]))
    )
    whole = sum(each.duration_ms for each in phases)
    if not whole:
        return None
    return Expected(duration_ms=whole, samples=len(newest), basis=tuple(grounds), phases=phases)


def held_to(expected: Expected, amount: int, rate: int | None) -> Expected:
    """Tell what is to be expected of a job that may send so many bytes a second, if it is held."""
    writing = sum(each.duration_ms for each in expected.phases if each.phase is Phase.WRITING)
    least = amount * 1000 // rate if rate else 0
    if least <= writing or not writing:
        return expected
    phases = tuple(
        each.with_(duration_ms=each.duration_ms * least // writing)
        if each.phase is Phase.WRITING
        else each
        for each in expected.phases
    )
    return expected.with_(phases=phases, duration_ms=sum(each.duration_ms for each in phases))


def remaining_ms(expected: Expected, job: Job, elapsed: int) -> int | None:
    """Tell what of it is ahead of a job that has been in its phase for so many ms.

    None: it has not begun, or has ended; or where it is by now nobody knows, or nobody has met yet.
    Writing goes by the bytes, and all else by the time; what takes longer than usual is as good as
    over.
    """
    if job.status not in {Status.RUNNING, Status.PAUSED} or not job.has_begun or job.lost:
        return None
    here = _place(expected.phases, Part(job.phase, job.partition))
    if here is None:
        return None
    left = 0
    for place, each in enumerate(expected.phases):
        if each.phase is Phase.WRITING:
            # After a pause a job prepares itself again; what it has written stays written.
            to_write = max(job.total_bytes - job.bytes_transferred, 0)
            left += each.duration_ms * to_write // job.total_bytes if job.total_bytes else 0
        elif place == here:
            left += max(each.duration_ms - max(elapsed, 0), 0)
        elif place > here:
            left += each.duration_ms
    return left


def _is_comparable(amount: int, other: int) -> bool:
    return 0 < amount <= COMPARABLE * other and other <= COMPARABLE * amount


def _in_order(newest: Sequence[Run]) -> list[Part]:
    """List all their parts as the one came to them that has most."""
    model = max(newest, key=lambda run: len(run.parts))
    return list(dict.fromkeys([*model.parts, *(part for run in newest for part in run.parts)]))


def _place(phases: Sequence[ExpectedPhase], part: Part) -> int | None:
    """Find where a job is: at its very partition, or else in the phase."""
    places = {Part(each.phase, each.partition): n for n, each in reversed([*enumerate(phases)])}
    in_phase = (n for n, each in enumerate(phases) if each.phase is part.phase)
    return places.get(part, next(in_phase, None))
