"""What the picture of all jobs says of a batch: of one device, and of all together. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from flashyard.contract.batches import (
    Batch,
    BatchCounts,
    BatchItem,
    BatchStatus,
    ItemStatus,
)
from flashyard.contract.faults import Code
from flashyard.contract.phases import Status
from flashyard.contract.records import Job
from flashyard_bridge.batches.kept import Change, KeptBatch, KeptItem

Jobs = Mapping[str, Job]  # by id

_ENDS = {
    Status.COMPLETED: ItemStatus.COMPLETED,
    Status.FAILED: ItemStatus.FAILED,
    Status.CANCELLED: ItemStatus.CANCELLED,
}


def change_of(item: KeptItem, jobs: Jobs, now: int) -> Change | None:
    """Tell what became of an item, as far as its job tells; None: nothing new."""
    job = jobs.get(item.job_id or "")
    if job is None:
        return None
    # Of one that was given up, its hub may tell later that it did complete.
    is_better = item.status is ItemStatus.FAILED and job.status is Status.COMPLETED
    if item.is_final and not is_better:
        return None
    if not job.is_final:
        return None if item.status is ItemStatus.RUNNING else Change(ItemStatus.RUNNING)
    # The end of a cancelled job is told as a failure by some, and as what it is by others.
    is_cancelled = job.code is Code.CANCELLED
    return Change(
        ItemStatus.CANCELLED if is_cancelled else _ENDS[job.status],
        bytes=job.bytes_transferred,
        code=job.code,
        error=job.error,
        hint=job.hint,
        finished_at=job.finished_at or now,
    )


def permille(batch: KeptBatch, items: Sequence[KeptItem], jobs: Jobs) -> int:
    """Tell how much of all that is to be written devices have taken; 1000 once all are completed.

    It is never less than was told before.
    """
    if all(item.status is ItemStatus.COMPLETED for item in items):
        return 1000
    whole = batch.device_bytes * len(items)
    share = 1000 * sum(_taken(batch, item, jobs) for item in items) // whole if whole else 0
    return max(batch.permille, min(999, share))


def tell(batch: KeptBatch, items: Sequence[KeptItem], jobs: Jobs) -> Batch:
    """Tell all of a batch."""
    counts = Counter(item.status for item in items)
    told = tell_briefly(batch, counts, sum(item.slow is not None for item in items))
    return told.with_(
        progress=permille(batch, items, jobs) / 10,
        estimated_time_remaining=_time_left(batch, items, jobs) if batch.is_open else 0,
        items=tuple(_item(batch, item, jobs) for item in items),
    )


def tell_briefly(batch: KeptBatch, counts: Mapping[ItemStatus, int], slow: int) -> Batch:
    """Tell what is known of a batch without its devices; ``slow``: how many of them are."""
    total = sum(counts.values())
    return Batch(
        batch_id=batch.id,
        name=batch.name,
        status=batch.status,
        requested="cancel" if batch.is_cancelling and batch.is_open else None,
        stopped_because=batch.stopped_because,
        created_at=batch.created_at,
        finished_at=batch.finished_at,
        total=total,
        counts=BatchCounts(**{status.value: number for status, number in counts.items()}),
        progress=batch.permille / 10,
        total_bytes=batch.device_bytes * total,
        slow=slow or None,
        max_parallel=batch.max_parallel,
        max_failures=batch.max_failures,
        max_failure_percent=batch.max_failure_percent,
        continue_on_error=batch.max_failures != 0,
        flash=dict(batch.flash),
        asked_by=batch.asked_by,
    )


def _item(batch: KeptBatch, item: KeptItem, jobs: Jobs) -> BatchItem:
    taken = _taken(batch, item, jobs)
    share = 1000 * taken // batch.device_bytes if batch.device_bytes else 0
    is_done = item.status is ItemStatus.COMPLETED
    return BatchItem(
        device_id=item.device_id,
        device_name=item.device_name,
        hub_id=item.hub_id,
        status=item.status,
        job_id=item.job_id,
        progress=100.0 if is_done else min(999, share) / 10,
        code=None if item.code is None else Code(item.code),
        error=item.error,
        hint=item.hint,
        started_at=item.started_at,
        finished_at=item.finished_at,
        slow=item.mark,
    )


def _taken(batch: KeptBatch, item: KeptItem, jobs: Jobs) -> int:
    if item.status is ItemStatus.COMPLETED:
        return batch.device_bytes
    job = jobs.get(item.job_id or "")
    return min(batch.device_bytes, max(item.bytes, job.bytes_transferred if job else 0))


def _time_left(batch: KeptBatch, items: Iterable[KeptItem], jobs: Jobs) -> int:
    """Estimate the seconds in which all that is started, or will be, is done; 0: nobody knows."""
    held = {ItemStatus.WAITING} if batch.status is BatchStatus.PAUSED else set()
    ahead = [item for item in items if not item.is_final and item.status not in held]
    known = [job for item in ahead if (job := jobs.get(item.job_id or ""))]
    speed = sum(job.average_speed for job in known if job.status is Status.RUNNING)
    slowest = max((job.estimated_time_remaining for job in known), default=0)
    left = sum(batch.device_bytes - _taken(batch, item, jobs) for item in ahead)
    return max(slowest, left // speed if speed else 0)
