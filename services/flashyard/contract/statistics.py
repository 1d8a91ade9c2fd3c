"""What ended jobs add up to: how many ended well, how long they took, and how fast they were."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from flashyard.contract.faults import Code
from flashyard.contract.model import Count, DeviceId, HubId, Model, Name, Partition, Sha256

Sum: TypeAlias = Annotated[int, Field(ge=0)]
"""A sum of bytes; it may be more than any one job's."""
Share: TypeAlias = Annotated[float, Field(ge=0, le=1)]


class Quantiles(Model):
    """The least value that half of all, and 95 percent of all, do not exceed (nearest rank)."""

    median: Count
    p95: Count


class Counts(Model):
    """What some jobs came to.

    Attributes:
        jobs: all that ended: completed, failed and cancelled ones.
        bytes: content bytes that devices took, whatever became of them.
        success_rate: completed jobs of those that completed or failed, rounded down; absent: there
            are none, or how jobs ended was part of the question.
        duration_ms: of completed jobs, from start to end, pauses included; absent: there are none.
        speed: of completed jobs, on average over each, in bytes per second; absent: none is told.
    """

    jobs: Count
    completed: Count
    failed: Count
    cancelled: Count
    bytes: Sum
    success_rate: Share | None = None
    duration_ms: Quantiles | None = None
    speed: Quantiles | None = None


class DeviceCounts(Counts):
    """The jobs of a device; ``device_name``: what it was called last."""

    device_id: DeviceId
    device_name: Name | None = None


class PartitionCounts(Counts):
    """The jobs that wrote a partition; duration and speed are of those that wrote no other."""

    partition: Partition


class ImageCounts(Counts):
    """The jobs that wrote an image, or none; duration and speed are of those with one step."""

    sha256: Sha256 | None = None
    name: Name | None = None


class PortCounts(Counts):
    """The jobs at a port of a hub, or at one that is not known."""

    hub_id: HubId
    port: Name | None = None


class HubCounts(Counts):
    """The jobs of a hub."""

    hub_id: HubId


class DayCounts(Counts):
    """The jobs that ended on a day, as `2026-11-23`, in UTC."""

    day: Annotated[str, Field(pattern=r"^\d{4,}-\d{2}-\d{2}$")]


class FaultCounts(Model):
    """The jobs that failed with a code, or without one."""

    code: Code | None = None
    failed: Count


class LeftOut(Model):
    """What a list has no room for: so many entries, with so many jobs."""

    entries: Count
    jobs: Count
    failed: Count


class Statistics(Model):
    """What the ended jobs that were asked for came to.

    The lists begin with what failed most often, and days with the newest. ``left_out`` has the
    lists that are not whole, by name. ``quantiles`` says how good medians and p95s are; all else
    is exact.
    """

    totals: Counts
    devices: tuple[DeviceCounts, ...]
    partitions: tuple[PartitionCounts, ...]
    images: tuple[ImageCounts, ...]
    ports: tuple[PortCounts, ...]
    hubs: tuple[HubCounts, ...]
    days: tuple[DayCounts, ...]
    faults: tuple[FaultCounts, ...]
    left_out: dict[str, LeftOut]
    quantiles: Literal["exact", "within 2 %"]
