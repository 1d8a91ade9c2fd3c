"""Records of jobs that completed, each phase with the time it took, and a bridge that has them."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from typing import Any

from flashyard.contract.history import JobRecord, Span
from flashyard.contract.phases import Phase
from flashyard.contract.records import ImageRef
from flashyard_bridge.history.past import Past
from support.records import ended_job, record_of
from support.rig import Rig

# A start that names no image, and what a device is that those who went before are like.
FLASH: Mapping[str, Any] = {"partition": "boot", "imageSize": 4096}
DEVICE: Mapping[str, Any] = {"product": "phone", "port": "tcp:127.0.0.1:5554"}
_NUMBERS = count()
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


async def teach(
    rig: Rig,
    partition: str = "boot",
    took: Mapping[str, int] | None = None,
    image: ImageRef | None = None,
) -> None:
    """Put four jobs into the history, as a start of ``FLASH`` on a ``DEVICE`` would be one."""
    took = took or {"preparing": 1_000, f"writing {partition}": 8_000, "finishing": 500}
    job: dict[str, Any] = {"hub_id": "bench-a", "partition": partition, "image": image}
    job["total_bytes"] = image.size if image else 4096
    facts = {**DEVICE, "job": job, "emulated": True}
    records = [taken(next(_NUMBERS), took, **facts) for _ in range(4)]
    await rig.bridge.state.history.store([Past(record, "hub", 1) for record in records])
