"""Timing two ways in turn on a noisy machine: pairs, medians, CPU-seconds beside wall time."""

from __future__ import annotations

import resource
import statistics
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple


class Cost(NamedTuple):
    """What one run took: seconds by the wall, and CPU-seconds of process and children."""

    wall: float
    cpu: float


def measure(run: Callable[[], None]) -> Cost:
    """Run once."""
    before, start = _cpu(), time.perf_counter()
    run()
    return Cost(time.perf_counter() - start, _cpu() - before)


def in_turn(
    ours: Callable[[], None], theirs: Callable[[], None], pairs: int
) -> tuple[list[Cost], list[Cost]]:
    """Run both ``pairs`` times, in turn and changing who goes first, after one warm-up each."""
    ours()
    theirs()
    first: list[Cost] = []
    second: list[Cost] = []
    for number in range(pairs):
        order = [(ours, first), (theirs, second)]
        for run, costs in order if number % 2 else reversed(order):
            costs.append(measure(run))
    return first, second


def spread(values: Sequence[float], digits: int = 2) -> str:
    """Median with least and most: ``1.02 [0.95-1.20]``."""
    middle = statistics.median(values)
    return f"{middle:.{digits}f} [{min(values):.{digits}f}-{max(values):.{digits}f}]"


def _cpu() -> float:
    own, children = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime
