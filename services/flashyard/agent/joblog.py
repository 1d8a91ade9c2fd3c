"""A job's log on its way out: in messages that fit, and the end of it for the job's record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from flashyard.contract.phases import Status
from flashyard.contract.records import LogLine
from flashyard.flash.running.lines import Line

BATCH = 48 * 1024  # bytes of one message's lines
TAIL = 16 * 1024  # bytes of log in a job's record


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


def tail(lines: Sequence[Line]) -> tuple[LogLine, ...]:
    """Keep the last lines that fit a job's record."""
    kept: list[LogLine] = []
    size = 0
    for line in reversed(lines):
        said = LogLine(at=line.at, text=line.text)
        size += len(said.encode())
        if size > TAIL:
            break
        kept.append(said)
    return tuple(reversed(kept))


def last_line(status: Status, said: Mapping[str, Any]) -> str:
    """Say in one line how a job ended, and why."""
    words = [said.get("error"), said.get("details")]
    why = "; ".join(word for word in words if word)
    return f"Failed: {why}" if status is Status.FAILED else why or status.capitalize()
