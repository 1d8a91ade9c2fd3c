"""Which devices of a batch are much slower than its others, and at what. Pure.

Like is compared with like: the same phase, come to for the same time in a job; writing by content
bytes per second. Who was held back, or asked to pause, is not slow.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import NamedTuple

from flashyard.contract.batches import Slow
from flashyard.contract.phases import Phase
from flashyard_bridge.learning.paces import Pace

LEAST_OTHERS = 3  # of fewer nobody can say what is usual
FACTOR = 2.0  # times as long as usual
FLOOR = 5_000  # ms more than usual; below that it may be chance
_BRIEF = 100  # ms; what takes less is taken for as long
_SETTLED = 1_000  # ms of writing, from which on its speed is more than what a cable holds
# Before the others the hub is at work: it fetches an image once, and its devices take turns.
_OF_DEVICE = frozenset(Phase) - {Phase.QUEUED, Phase.PREPARING}

Step = tuple[Phase, int]  # a phase, come to for the n-th time


class Seen(NamedTuple):
    """What was heard of a device's job; ``bytes``: that it has taken by now."""

    pace: Pace
    bytes: int


class Took(NamedTuple):
    """What a device took over a step: ms, and bytes of content, where that counts."""

    ms: int
    bytes: int
    is_over: bool


def judge(seen: Mapping[str, Seen], now: int) -> Mapping[str, Slow | None]:
    """Tell of each job whether its device is slow at Unix ms; none of those nobody can judge.

    Args:
        seen: by job; without those that are held to a bandwidth, or whose hub is silent.
        now: by the clock that the hubs have.
    """
    steps: defaultdict[Step, dict[str, Took]] = defaultdict(dict)
    for job_id, each in seen.items():
        if not each.pace.was_paused:
            for step, took in steps_of(each, now):
                steps[step][job_id] = took
    found: dict[str, Slow | None] = {}
    for (phase, _), all_took in steps.items():
        lags = _writing(all_took) if phase is Phase.WRITING else _lasting(phase, all_took)
        for job_id, slow in lags:
            known = found.get(job_id)
            is_worse = slow is not None and (known is None or _lost(slow) > _lost(known))
            found[job_id] = slow if is_worse else known
    return found


def steps_of(seen: Seen, now: int) -> Iterable[tuple[Step, Took]]:
    """Yield what a device took over its steps so far; writing is one of them, however often.

    Of a story with gaps in it nothing but writing can be compared.
    """
    times: Counter[Phase] = Counter()
    wrote, written, is_over = 0, 0, True
    for stretch in seen.pace.stretches:
        phase = stretch.phase
        ms = max((now if stretch.until is None else stretch.until) - stretch.since, 0)
        if phase is Phase.WRITING:
            until = seen.bytes if stretch.bytes_until is None else stretch.bytes_until
            if (took := until - stretch.bytes) > 0:
                wrote, written = wrote + ms, written + took
                is_over = is_over and stretch.until is not None
        elif phase in _OF_DEVICE and seen.pace.is_whole:
            yield (phase, times[phase]), Took(ms, 0, stretch.until is not None)
            times[phase] += 1
    if written:
        yield (Phase.WRITING, 0), Took(wrote, written, is_over)


def median_without(ordered: Sequence[float], value: float) -> float:
    """Take the median of numbers in order, but for one of this value, which is among them."""
    out, rest = bisect_left(ordered, value), len(ordered) - 1
    low, high = ((n if n < out else n + 1) for n in ((rest - 1) // 2, rest // 2))
    return (ordered[low] + ordered[high]) / 2


def _writing(all_took: Mapping[str, Took]) -> Iterable[tuple[str, Slow | None]]:
    """Compare by ms per byte; what has just begun tells nothing of itself nor of others."""
    costs = {
        job_id: took.ms / took.bytes
        for job_id, took in all_took.items()
        if took.is_over or took.ms >= _SETTLED
    }
    if len(costs) <= LEAST_OTHERS:
        return
    ordered = sorted(costs.values())
    for job_id, cost in costs.items():
        took = all_took[job_id]
        usual = median_without(ordered, cost)
        slow = _slow(Phase.WRITING, took.ms, int(usual * took.bytes), len(costs) - 1)
        if slow is not None:
            of_others = int(1000 / usual) if usual else None
            slow = slow.with_(speed=took.bytes * 1000 // took.ms, usual_speed=of_others)
        yield job_id, slow


def _lasting(phase: Phase, all_took: Mapping[str, Took]) -> Iterable[tuple[str, Slow | None]]:
    """Compare by how long it lasts; who is not over it is held against those who are."""
    over = sorted(took.ms for took in all_took.values() if took.is_over)
    for job_id, took in all_took.items():
        others = len(over) - took.is_over
        if others >= LEAST_OTHERS:
            usual = median_without(over, took.ms) if took.is_over else median(over)
            yield job_id, _slow(phase, took.ms, int(usual), others)


def _slow(phase: Phase, ms: int, usual: int, others: int) -> Slow | None:
    factor = ms / max(usual, _BRIEF)
    if factor < FACTOR or ms - usual < FLOOR:
        return None
    return Slow(phase=phase, factor=round(factor, 1), duration_ms=ms, usual_ms=usual, others=others)


def _lost(slow: Slow) -> int:
    return slow.duration_ms - slow.usual_ms
