from __future__ import annotations

from pathlib import Path

import pytest

from bench.brokers_under_load import OURS, build, under_load

MESSAGES = 100_000
EVERY = 50  # one of so many is an event
RATE = 10_000  # messages/s, so that it takes ten seconds
MOST_GROWTH = 10_000_000  # bytes


@pytest.mark.long
@pytest.mark.timeout(300)
async def test_a_reader_that_stops_reading_costs_little_memory_and_misses_no_event(
    tmp_path: Path,
) -> None:
    async with under_load(OURS, tmp_path, build(tmp_path)) as broker:
        # Every run fails unless each reader got every message, and the stalled one, when it read
        # on at the end, every event.
        free, beside = [
            await broker.run(
                publishers=10,
                readers=2,
                stalled=stalled,
                rate=RATE,
                event_every=EVERY,
                count=MESSAGES,
            )
            for stalled in (0, 1)
        ]
    assert beside.spared > MESSAGES / 10, "it never stalled"
    assert beside.growth < MOST_GROWTH
    print(f"the others' p99: {beside.p99:.3f} ms, without a stalled one {free.p99:.3f} ms")  # noqa: T201
