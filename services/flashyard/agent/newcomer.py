"""A job as its order makes it: before anything has become of it."""

from __future__ import annotations

from flashyard.contract.entries import QUEUED_STAGE
from flashyard.contract.orders import StartOrder
from flashyard.contract.phases import Phase, Status
from flashyard.contract.records import ImageRef, Job, StartOptions, StepRecord


def images_of(order: StartOrder) -> tuple[str | None, ...]:
    """Tell the image of each step, where there are several: of one the job itself tells."""
    return tuple(step.image.sha256 for step in order.steps) or (None,)


def newcomer(order: StartOrder, device_name: str, hub_id: str, priority: int, at: int) -> Job:
    """Make the job of an order that came at this Unix ms."""
    image = order.image
    return Job(
        job_id=order.job_id,
        device_id=order.device_id,
        device_name=device_name,
        hub_id=hub_id,
        partition=order.partition,
        steps=tuple(
            StepRecord(partition=partition, status=Status.QUEUED, bytes=0, image=sha256)
            for partition, sha256 in zip(order.partitions, images_of(order), strict=True)
        ),
        status=Status.QUEUED,
        phase=Phase.QUEUED,
        stage=QUEUED_STAGE,
        total_bytes=order.total_bytes,
        priority=priority,
        not_before=order.not_before,
        bandwidth_limit=order.bandwidth_limit,
        queued_at=at,
        attempt=order.attempt,
        retry_of=order.retry_of,
        rollback=order.rollback.planned() if order.rollback else None,
        image=image and ImageRef(sha256=image.sha256, name=image.name, size=image.size),
        options=None if order.options == StartOptions() else order.options,
    )
