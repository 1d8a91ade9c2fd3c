"""What a bridge does by itself, on behalf of a standing order or a batch, as lines of the trail.

A try of which nothing came, and that is made again, is no line: nobody asked for it.
"""

from __future__ import annotations

from flashyard.contract.audit import AuditEntry
from flashyard.contract.faults import Fault
from flashyard.contract.orders import StartOrder
from flashyard.contract.requester import Requester
from flashyard_bridge.batches.kept import KeptBatch


def on_behalf(subject: str, made_by: Requester | None) -> Requester:
    """Tell for what, and thereby for whom, a bridge acts.

    Args:
        subject: the standing order's or the batch's id.
        made_by: who made it, or changed it last.
    """
    if made_by is None:
        return Requester(on_behalf=subject)
    return Requester(identity=made_by.identity, user=made_by.user, on_behalf=subject)


def started(at: int, hub_id: str, order: StartOrder) -> AuditEntry:
    """Say that a hub took a start, at Unix ms."""
    images = sorted({step.image.sha256 for step in order.imaged})
    return AuditEntry(
        at=at,
        action="start",
        requester=order.asked_by,
        job_id=order.job_id,
        device_id=order.device_id,
        hub_id=hub_id,
        outcome="accepted",
        details={"partitions": list(order.partitions), "images": images},
    )


def not_started(
    at: int,
    requester: Requester,
    why: Fault,
    *,
    hub_id: str,
    device_id: str,
    job_id: str | None = None,
) -> AuditEntry:
    """Say that a start came to nothing, at Unix ms, and why."""
    return AuditEntry(
        at=at,
        action="start",
        requester=requester,
        job_id=job_id,
        device_id=device_id,
        hub_id=hub_id,
        outcome="refused",
        code=why.code,
        error=why.sentence[:1000],
    )


def cancelled(
    at: int, requester: Requester, *, hub_id: str, device_id: str, job_id: str
) -> AuditEntry:
    """Say that a hub was told to end a job, and will, at Unix ms."""
    return AuditEntry(
        at=at,
        action="cancel",
        requester=requester,
        job_id=job_id,
        device_id=device_id,
        hub_id=hub_id,
        outcome="accepted",
    )


def batch_ended(at: int, batch: KeptBatch) -> AuditEntry:
    """Say how a batch ended, at Unix ms, and why it did before its time."""
    return AuditEntry(
        at=at,
        action="batch_ended",
        requester=batch.asked_by,
        subject=batch.id,
        outcome=batch.status.value,
        error=batch.stopped_because,
    )


def order_stopped(at: int, order_id: str, because: str) -> AuditEntry:
    """Say that a standing order stopped itself, at Unix ms."""
    return AuditEntry(
        at=at,
        action="standing_order_stopped",
        subject=order_id,
        outcome="noted",
        error=because[:1000],
    )
