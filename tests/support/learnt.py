"""Records of jobs that completed, each phase with the time it took."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flashyard.contract.history import JobRecord, Span
from flashyard.contract.phases import Phase
from support.records import ended_job, record_of

TOOK = {"preparing": 1_000, "identifying": 500, "writing": 8_000, "finishing": 500}


def taken(
    number: int = 0,
    took: Mapping[str, int] = TOOK,
    *,
    job: Mapping[str, Any] | None = None,
    **changes: Any,
) -> JobRecord:
    """Make the record of a job that spent so many ms in its phases, each number another one's."""
    done = ended_job(number, **(job or {}))
    spans, at = [], done.started_at or 0
    for name, ms in took.items():
        phase, _, partition = name.partition(" ")
        where = partition or ("system" if phase == "writing" else None)
        spans.append(Span(phase=Phase(phase), partition=where, at=at, duration_ms=ms))
        at += ms
    return record_of(done, **{"spans": tuple(spans), **changes})
