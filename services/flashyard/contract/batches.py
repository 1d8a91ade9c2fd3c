"""Batches: the same flashed to many devices, as one thing with a beginning and an end.

They are the bridge's own: a hub sees the jobs, and batches are not on MQTT.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field

from flashyard.contract.faults import Code
from flashyard.contract.limits import Parallel
from flashyard.contract.model import (
    ByteCount,
    Count,
    DeviceId,
    HubId,
    JobId,
    Millis,
    Model,
    Name,
    Percent,
    Sentence,
    Token,
)
from flashyard.contract.phases import Phase
from flashyard.contract.requester import Requester

MAX_DEVICES = 1_000  # of one batch

FailurePercent = Annotated[float, Field(ge=0, lt=100, allow_inf_nan=False)]


class ItemStatus(StrEnum):
    """How far a batch has come with a device.

    ``starting``: its hub is being asked; ``running``: its hub has the job, which may still wait for
    its turn; ``skipped``: it was never started.
    """

    WAITING = "waiting"
    STARTING = "starting"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"


class BatchStatus(StrEnum):
    """What a batch is doing, or how it ended.

    ``paused``: it starts nothing; what runs goes on. ``completed``: on every device. ``stopped``:
    too many devices failed, and the others were skipped.
    """

    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    STOPPED = "stopped"


FINAL_ITEM = frozenset(
    {ItemStatus.COMPLETED, ItemStatus.FAILED, ItemStatus.CANCELLED, ItemStatus.SKIPPED}
)
OPEN_BATCH = frozenset({BatchStatus.RUNNING, BatchStatus.PAUSED})


class Slow(Model):
    """A device that took much longer over a phase than its batch.

    ``factor``: so many times as long as usual there, by the median of ``others``, the devices of
    the batch that it is compared with; ``usual_ms``: what they would have taken. ``speed`` and
    ``usual_speed``: content bytes per second, of writing.
    """

    phase: Phase
    factor: Annotated[float, Field(ge=1, allow_inf_nan=False)]
    duration_ms: Count
    usual_ms: Count
    speed: Count | None = None
    usual_speed: Count | None = None
    others: Count


class BatchItem(Model):
    """One device of a batch; ``code`` and ``error`` say why it failed, or why it is not started."""

    device_id: DeviceId
    device_name: Name
    hub_id: HubId
    status: ItemStatus
    job_id: JobId | None = None
    progress: Percent = 0.0
    code: Code | None = None
    error: Sentence | None = None
    hint: Sentence | None = None
    started_at: Millis | None = None
    finished_at: Millis | None = None
    slow: Slow | None = None


class BatchCounts(Model):
    """How many devices are where."""

    waiting: Count = 0
    starting: Count = 0
    running: Count = 0
    completed: Count = 0
    failed: Count = 0
    cancelled: Count = 0
    skipped: Count = 0


class Batch(Model):
    """One batch. ``flash`` is the body of a start without its device.

    ``max_parallel``: jobs of it at once, over all hubs; absent: all. More than ``max_failures``
    devices, or ``max_failure_percent`` of all, that fail stop it; ``continue_on_error`` False: one
    does. ``progress`` counts content bytes that devices have taken, of all that are to be written:
    it never falls, and ends below 100 where not every device was completed. ``slow``: how many
    devices are marked so. ``asked_by``: who made it. ``items``: not in lists.
    """

    batch_id: Token
    name: Name | None = None
    status: BatchStatus
    requested: Literal["cancel"] | None = None
    stopped_because: Sentence | None = None
    created_at: Millis
    finished_at: Millis | None = None
    total: Count
    counts: BatchCounts
    progress: Percent = 0.0
    total_bytes: ByteCount
    estimated_time_remaining: Count = 0
    slow: Count | None = None
    max_parallel: Parallel | None = None
    max_failures: Count | None = None
    max_failure_percent: FailurePercent | None = None
    continue_on_error: bool = True
    flash: dict[str, Any]
    asked_by: Requester | None = None
    items: tuple[BatchItem, ...] | None = None

    @property
    def is_final(self) -> bool:
        """Has it ended?"""
        return self.status not in OPEN_BATCH

    @property
    def title(self) -> str:
        """What people call it."""
        return self.name or self.batch_id
