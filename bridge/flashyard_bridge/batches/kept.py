"""A batch and its devices as the database keeps them. Plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flashyard.contract.batches import FINAL_ITEM, OPEN_BATCH, BatchStatus, ItemStatus, Slow
from flashyard.contract.requester import Requester
from flashyard_bridge.batches.decision import Terms


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptBatch:
    """One batch. Times are Unix ms.

    Attributes:
        flash: the body of a start, without its device.
        device_bytes: content bytes that each device is sent.
        is_cancelling: somebody has cancelled it.
        permille: the most that was ever told as its progress.
        idempotency_key: the request's own, if it had one.
        fingerprint: the request's digest, by which a repeated one is known.
        asked_by: who made it.
    """

    id: str
    name: str | None
    flash: Mapping[str, Any]
    device_bytes: int = 0
    max_parallel: int | None
    max_failures: int | None
    max_failure_percent: float | None
    status: BatchStatus = BatchStatus.RUNNING
    is_cancelling: bool = False
    stopped_because: str | None = None
    created_at: int
    finished_at: int | None = None
    permille: int = 0
    idempotency_key: str | None
    fingerprint: str
    asked_by: Requester | None = None

    @property
    def terms(self) -> Terms:
        """Its limits."""
        return Terms(self.max_parallel, self.max_failures, self.max_failure_percent)

    @property
    def is_open(self) -> bool:
        """Has it not ended?"""
        return self.status in OPEN_BATCH


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptItem:
    """One device of a batch. Times are Unix ms.

    Attributes:
        number: its place in the order in which devices are started.
        serial: what the device's record said when the batch was made.
        job_id: of its job, minted before its hub is asked.
        bytes: what it was sent, once it has ended.
        tries: how often its hub was asked to take the job.
        due_at: while `starting`, when the hub is asked again.
        code: why it failed, or why it has not been started yet.
        slow: that it is much slower than the others, as JSON.
    """

    number: int
    hub_id: str
    device_id: str
    device_name: str
    serial: str | None
    status: ItemStatus = ItemStatus.WAITING
    job_id: str | None = None
    bytes: int = 0
    tries: int = 0
    due_at: int = 0
    code: str | None = None
    error: str | None = None
    hint: str | None = None
    started_at: int | None = None
    finished_at: int | None = None
    slow: str | None = None

    @property
    def mark(self) -> Slow | None:
        """What it says of how slow it is."""
        return None if self.slow is None else Slow.decode(self.slow)

    @property
    def is_final(self) -> bool:
        """Will it not change any more?"""
        return self.status in FINAL_ITEM


@dataclass(frozen=True, slots=True)
class Change:
    """What became of an item; ``bytes`` is what it was sent."""

    status: ItemStatus
    bytes: int = 0
    code: str | None = None
    error: str | None = None
    hint: str | None = None
    finished_at: int | None = None
