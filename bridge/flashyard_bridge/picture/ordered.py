"""A job as far as its order tells it: before the hub has said a word of it."""

from __future__ import annotations

from typing import Any

from flashyard.contract.orders import Receipt, StartOrder
from flashyard.contract.phases import Phase, Status
from flashyard.contract.records import ImageRef, Job, StartOptions


def asked_for(order: StartOrder) -> dict[str, Any]:
    """What of a job its order knows best, by field."""
    image = order.image and ImageRef(
        sha256=order.image.sha256, name=order.image.name, size=order.image.size
    )
    return {
        "image": image,
        "options": order.options if order.options != StartOptions() else None,
        "attempt": order.attempt,
        "retry_of": order.retry_of,
        "priority": order.priority,
        "rollback": order.rollback and order.rollback.planned(),
        "not_before": order.not_before,
        "bandwidth_limit": order.bandwidth_limit,
    }


def ordered_job(order: StartOrder, hub_id: str, receipt: Receipt, device_name: str) -> Job:
    """Make the job that a hub agreed to."""
    waits = receipt.status is Status.QUEUED
    return Job(
        job_id=order.job_id,
        device_id=order.device_id,
        device_name=order.device_name or device_name,
        hub_id=hub_id,
        partition=order.partition,
        status=Status.QUEUED if waits else Status.RUNNING,
        phase=Phase.QUEUED if waits else Phase.PREPARING,
        stage="Queued" if waits else "Initializing",
        total_bytes=order.total_bytes,
        position=receipt.position,
        queued_at=order.issued_at,
        **asked_for(order),
    )
