"""What a message costs stock amqtt, the embedded broker and Mosquitto, and what an idle hub does.

Every broker checks access, every client has a keep-alive of 60 s and sends payloads of 250 bytes.
A round starts each afresh, and who goes first changes. Fewer rounds than three are a quick look,
at a tenth of the messages.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from bench.brokers_under_load import (
    BROKERS,
    MOSQUITTO,
    OURS,
    STOCK,
    UnderLoad,
    build,
    under_load,
)
from bench.pairs import spread
from bench.stalled_reader import in_turn

MB = 1_000_000
ROUNDS = 3
MESSAGES = 150_000
HUBS = 1000
PACE = 500  # messages/s of 50 hubs, where delays are looked at
FAST = 10_000  # messages/s, while one reader is stalled
STALLED = 100_000  # messages of one such run
TURNS = 18  # short runs beside a stalled reader
EVERY = 50  # one message of so many is an event then

Figures = dict[tuple[str, str], list[float]]  # by row and broker: one of each run

ROWS = (  # and how many digits each is shown with
    ("QoS 0, messages/s", 0),
    ("QoS 0, CPU-s per 100k", 3),
    ("QoS 1, messages/s", 0),
    ("QoS 1, CPU-s per 100k", 3),
    (f"QoS 0 at {PACE}/s, CPU-s per 100k", 2),
    (f"QoS 0 at {PACE}/s, p50 ms", 2),
    (f"QoS 0 at {PACE}/s, p99 ms", 2),
    (f"QoS 1 at {PACE}/s, CPU-s per 100k", 2),
    (f"QoS 1 at {PACE}/s, p50 ms", 2),
    (f"QoS 1 at {PACE}/s, p99 ms", 2),
    ("an idle hub, KB", 1),
    ("QoS 0, CPU-s per 100k beside 1", 3),
    (f"QoS 0, CPU-s per 100k beside {HUBS}", 3),
    ("all read, p99 ms", 3),
    ("all read, p99 ms once more", 3),
    ("one stalled, the others' p99 ms", 3),
    ("one stalled, growth in MB", 1),
)


async def compare(rounds: int, count: int) -> None:
    """Measure, and print the table."""
    figures: Figures = defaultdict(list)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        load = build(folder)
        for number in range(rounds):
            first = number % len(BROKERS)
            for broker in BROKERS[first:] + BROKERS[:first]:
                async with under_load(broker, folder, load) as fresh:
                    await _traffic(fresh, broker, count, figures)
                for hubs in (1, HUBS):
                    async with under_load(broker, folder, load) as fresh:
                        await _beside(hubs, fresh, broker, count, figures)
            async with under_load(OURS, folder, load) as fresh:
                await _beside_a_stalled_reader(fresh, figures)
    _print(figures, rounds, count)


async def _traffic(broker: UnderLoad, name: str, count: int, figures: Figures) -> None:
    for qos in (0, 1):
        run = await broker.run(publishers=10, readers=1, qos=qos, count=count)
        figures[f"QoS {qos}, messages/s", name].append(run.rate)
        figures[f"QoS {qos}, CPU-s per 100k", name].append(run.work)
    for qos in (0, 1):
        run = await broker.run(
            publishers=50, readers=1, qos=qos, rate=PACE, count=min(count, 5 * PACE)
        )
        figures[f"QoS {qos} at {PACE}/s, CPU-s per 100k", name].append(run.work)
        figures[f"QoS {qos} at {PACE}/s, p50 ms", name].append(run.p50)
        figures[f"QoS {qos} at {PACE}/s, p99 ms", name].append(run.p99)


async def _beside(hubs: int, broker: UnderLoad, name: str, count: int, figures: Figures) -> None:
    """Look at the memory before anything else: what a load leaves behind would hide it."""
    share = count // (50 if name == STOCK else 1)  # stock amqtt asks every hub about each message
    async with broker.waiting(1, first=2000):
        memory = broker.memory()
        async with broker.waiting(hubs):
            grown = broker.memory() - memory
            run = await broker.run(publishers=10, readers=1, count=share)
    figures[f"QoS 0, CPU-s per 100k beside {hubs}", name].append(run.work)
    if hubs == HUBS:
        figures["an idle hub, KB", name].append(grown / hubs / 1000)


async def _beside_a_stalled_reader(broker: UnderLoad, figures: Figures) -> None:
    """Look at the memory in one go, and at the other readers' delays in short runs."""
    run = await broker.run(
        publishers=10, readers=2, stalled=1, rate=FAST, event_every=EVERY, count=STALLED
    )
    figures["one stalled, growth in MB", OURS].append(run.growth / MB)
    seen = await in_turn(broker, TURNS)
    figures["all read, p99 ms", OURS] += seen.free
    figures["all read, p99 ms once more", OURS] += seen.chance
    figures["one stalled, the others' p99 ms", OURS] += seen.beside


def _print(figures: Figures, rounds: int, count: int) -> None:
    print(
        f"10 hubs to 1 reader, {count} messages of 250 bytes, {rounds} rounds, median [min-max]; "
        f"at {PACE}/s 50 hubs; stalled at {FAST}/s, one event of {EVERY}, {STALLED} in one go"
    )
    print(f"  {'':38}" + "".join(f"{name:30}" for name in BROKERS).rstrip())
    for row, digits in ROWS:
        cells = [
            spread(figures[row, name], digits) if figures[row, name] else "" for name in BROKERS
        ]
        print(f"  {row:38}" + "".join(f"{cell:30}" for cell in cells).rstrip())
    for sentence, figure, limit in _verdicts(figures):
        print(
            f"  {'met   ' if figure <= limit else 'MISSED'} {sentence}: {figure:.3f} of {limit:.3f}"
        )


def _verdicts(figures: Figures) -> Iterator[tuple[str, float, float]]:
    """Each goal: its sentence, our figure, and the most it may be."""

    def ratio(row: str, other: str) -> float:
        pairs = zip(figures[row, OURS], figures[row, other], strict=True)
        return statistics.median(ours / theirs for ours, theirs in pairs)

    for qos, share in ((0, 15), (1, 12)):
        row = f"QoS {qos}, CPU-s per 100k"
        yield (
            f"QoS {qos}: at most 1/{share} of stock's CPU per message",
            ratio(row, STOCK),
            1 / share,
        )
        yield f"QoS {qos}: no more than Mosquitto's", ratio(row, MOSQUITTO), 1
    for qos in (0, 1):
        row = f"QoS {qos} at {PACE}/s, CPU-s per 100k"
        yield f"QoS {qos} at {PACE}/s: at most half of stock's CPU", ratio(row, STOCK), 1 / 2
        yield f"QoS {qos} at {PACE}/s: at most three times Mosquitto's", ratio(row, MOSQUITTO), 3
    yield "KB of an idle hub", statistics.median(figures["an idle hub, KB", OURS]), 12
    many, one = (figures[f"QoS 0, CPU-s per 100k beside {hubs}", OURS] for hubs in (HUBS, 1))
    yield (
        f"QoS 0 beside {HUBS} hubs: at most 1.2 times the cost beside one",
        statistics.median(a / b for a, b in zip(many, one, strict=True)),
        1.2,
    )
    stalled, free = (
        figures[row, OURS] for row in ("one stalled, the others' p99 ms", "all read, p99 ms")
    )
    yield (
        "one stalled: the others' p99 at most 1.2 times that without",
        statistics.median(a / b for a, b in zip(stalled, free, strict=True)),
        1.2,
    )
    growth = max(figures["one stalled, growth in MB", OURS])
    yield "one stalled: MB the broker grew at most", growth, 10


def main(rounds: int = ROUNDS) -> None:
    """Run it."""
    asyncio.run(compare(rounds, MESSAGES if rounds >= ROUNDS else MESSAGES // 10))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
