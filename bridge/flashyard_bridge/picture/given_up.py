"""What a bridge has to say of a job that it ended itself, since its hub was not heard any more."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, takewhile

from flashyard.contract.history import MAX_RECORD_LOG, JobRecord
from flashyard.contract.messages import FlashFailed
from flashyard.contract.records import LogLine
from flashyard_bridge.picture.fleet import Fleet


def record_of(fleet: Fleet, said: FlashFailed) -> JobRecord | None:
    """Make the record of a job whose end this word tells; None: that was its hub's own end."""
    job = fleet.given_up(said.job_id)
    if job is None:
        return None
    device = fleet.device(job.hub_id, job.device_id)
    versions = {hub.hub_id: hub.version for hub in fleet.hubs()}
    return JobRecord(
        job_id=job.job_id,
        device_id=job.device_id,
        hub_id=job.hub_id,
        timestamp=said.timestamp,
        seq=said.seq,
        job=job,
        port=device.port if device else None,
        serial=device.serial if device else None,
        product=device.product if device else None,
        emulated=device.emulated if device else None,
        version=versions.get(job.hub_id),
        asked_by=fleet.asked_by(job.job_id),
        log=_tail(fleet.log(job.job_id) or ()),
    )


def _tail(lines: Sequence[LogLine]) -> tuple[LogLine, ...]:
    """Keep the last lines that a record holds."""
    sizes = accumulate(len(line.encode()) for line in reversed(lines))
    kept = sum(1 for _ in takewhile(lambda size: size <= MAX_RECORD_LOG, sizes))
    return tuple(lines[len(lines) - kept :])
