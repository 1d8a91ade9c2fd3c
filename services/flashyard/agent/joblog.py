"""A job's log on its way out, in messages that fit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from flashyard.contract.records import LogLine
from flashyard.flash.running.lines import Line

BATCH = 48 * 1024  # bytes of one message's lines


def batches(lines: Sequence[Line]) -> Iterator[tuple[LogLine, ...]]:
    """Cut lines into runs that each fit one message."""
    batch: list[LogLine] = []
    size = 0
    for line in lines:
        said = LogLine(at=line.at, text=line.text)
        length = len(said.encode())
        if batch and size + length > BATCH:
            yield tuple(batch)
            batch, size = [], 0
        batch.append(said)
        size += length
    if batch:
        yield tuple(batch)
