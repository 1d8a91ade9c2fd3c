"""What a reader that stops reading costs those who read on: many short runs beside and without it.

A run's p99 may be ten times the next one's on a small machine, whoever is stalled: one hiccup is
enough. So runs are short and many, on one broker in turn, and each is set against its neighbour;
how far runs without a stalled reader differ among themselves is measured as well.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
from array import array
from collections import defaultdict
from contextlib import nullcontext
from pathlib import Path
from typing import NamedTuple

from bench.brokers_under_load import OURS, Run, UnderLoad, build, under_load
from bench.pairs import spread

ROUNDS = 54
COUNT = 2500  # messages of a run that is looked at
FILL = 20_000  # messages before it, more than all buffers towards the stalled reader take
RATE = 10_000  # messages/s
EVERY = 50  # one message of so many is an event
_KINDS = ("without it", "without it, once more", "beside it")


class Seen(NamedTuple):
    """The readers' p99 in ms without and beside a stalled one, a figure of each run.

    ``pooled``: of all runs of a side together, which is mostly what disturbed a few of them.
    ``chance``: runs without it in the place of those beside it. ``messages``: how many were
    published beside the stalled reader while they were timed.
    """

    free: list[float]
    beside: list[float]
    chance: list[float]
    pooled: tuple[float, float]
    messages: int

    @property
    def ratio(self) -> float:
        """How many times their p99 without it is the others' p99 beside a stalled reader."""
        return _ratio(self.beside, self.free)

    @property
    def noise(self) -> float:
        """The same of two sides that do not differ; what 1.0 may look like here."""
        return _ratio(self.chance, self.free)


async def in_turn(broker: UnderLoad, rounds: int = ROUNDS) -> Seen:
    """Measure; each round begins with another kind of run, so that none is always the later."""
    runs: dict[str, list[Run]] = defaultdict(list)
    for number in range(rounds):
        order = _KINDS[number % 3 :] + _KINDS[: number % 3]
        for kind in order if number % 2 else reversed(order):
            async with broker.stalled_reader() if kind == _KINDS[2] else nullcontext():
                await _run(broker, FILL, rate=0)
                runs[kind].append(await _run(broker, COUNT, rate=RATE))
    free, chance, beside = (runs[kind] for kind in _KINDS)
    return Seen(
        [run.p99 for run in free],
        [run.p99 for run in beside],
        [run.p99 for run in chance],
        (_p99(free), _p99(beside)),
        COUNT * rounds,
    )


async def _run(broker: UnderLoad, count: int, rate: int) -> Run:
    return await broker.run(publishers=10, readers=2, event_every=EVERY, count=count, rate=rate)


def _ratio(those: list[float], these: list[float]) -> float:
    return statistics.median(one / other for one, other in zip(those, these, strict=True))


def _p99(runs: list[Run]) -> float:
    delays = array("I")
    for run in runs:
        delays += run.delays
    return statistics.quantiles(delays, n=100)[-1] / 1000


async def look(rounds: int) -> None:
    """Measure on a fresh broker, and print what it showed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with under_load(OURS, folder, build(folder)) as broker:
            seen = await in_turn(broker, rounds)
    print(
        f"{seen.messages} messages beside a stalled reader in {rounds} runs,"
        " the others' p99 in ms, median [min-max]:\n"
        f"  beside it  {spread(seen.beside, 3)}, pooled {seen.pooled[1]:.3f}\n"
        f"  without it {spread(seen.free, 3)}, pooled {seen.pooled[0]:.3f}\n"
        f"  median of the ratios {seen.ratio:.3f}; of two sides without it {seen.noise:.3f}"
    )


def main(rounds: int = ROUNDS) -> None:
    """Run it."""
    asyncio.run(look(rounds))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
