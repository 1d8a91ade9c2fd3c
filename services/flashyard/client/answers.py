"""The shapes of what a bridge answers: REST's envelopes around the contract's records.

Source: the public contract, section 2. Unknown keys are ignored; it grows by adding.
"""

from __future__ import annotations

from flashyard.contract.batches import Batch, BatchStatus
from flashyard.contract.expected import Expected
from flashyard.contract.faults import Code, Fault, fault
from flashyard.contract.history import PastJob
from flashyard.contract.limits import Priority, Rate
from flashyard.contract.model import DeviceId, HubId, JobId, Millis, Model, Name, Partition
from flashyard.contract.phases import Status
from flashyard.contract.plans import PlannedStep, Requirement
from flashyard.contract.records import Hub, Job, LogLine, StoredImage
from flashyard.contract.standing import ListedDevice, StandingOrder


class Devices(Model):
    """GET /api/devices."""

    devices: tuple[ListedDevice, ...]


class StandingOrders(Model):
    """GET /api/standing-orders."""

    standing_orders: tuple[StandingOrder, ...]


class OneStandingOrder(Model):
    """POST /api/standing-orders, PATCH /api/standing-orders/{id}."""

    standing_order: StandingOrder


class BatchMade(Model):
    """POST /api/flash/batch."""

    batch_id: str
    status: BatchStatus
    total: int
    ignored: tuple[str, ...] = ()


class Batches(Model):
    """GET /api/flash/batches, one page."""

    batches: tuple[Batch, ...]


class OneBatch(Model):
    """GET /api/flash/batch/{batchId}."""

    batch: Batch


class BatchVerdict(Model):
    """POST …/cancel, …/pause, …/resume of a batch: its status as it is now."""

    batch_id: str
    status: BatchStatus
    requested: str | None = None


class Removed(Model):
    """DELETE."""

    success: bool


class Hubs(Model):
    """GET /api/hubs."""

    hubs: tuple[Hub, ...]


class Images(Model):
    """GET /api/images."""

    images: tuple[StoredImage, ...]


class Image(Model):
    """POST /api/images."""

    image: StoredImage


class Jobs(Model):
    """GET /api/flash/jobs, one page."""

    jobs: tuple[Job, ...]
    next_cursor: str | None = None


class OneDevice(Model):
    """PATCH /api/devices/{deviceId}, POST …/release."""

    device: ListedDevice


class OneHub(Model):
    """PATCH /api/hubs/{hubId}."""

    hub: Hub


class OneJob(Model):
    """GET and PATCH /api/flash/job/{jobId}."""

    job: Job


class OnePastJob(Model):
    """GET /api/flash/history/{jobId}."""

    job: PastJob


class Log(Model):
    """GET /api/flash/job/{jobId}/log."""

    lines: tuple[LogLine, ...]


class Started(Model):
    """POST /api/flash/start and …/retry: the new job, `started` or `queued`."""

    job_id: JobId
    status: str
    device_id: DeviceId
    partition: Partition
    ignored: tuple[str, ...] = ()


class Foreseen(Model):
    """POST /api/flash/expected."""

    expected: Expected | None = None


class Verdict(Model):
    """POST …/cancel, …/pause, …/resume: the status as it is now, and what was asked."""

    job_id: JobId
    status: Status
    requested: str | None = None


class Refusal(Model):
    """The body of every error."""

    error: str
    code: str
    hint: str | None = None
    details: str | None = None

    def fault(self) -> Fault:
        """Tell it as a fault; a code newer than this client is `internal` with its own words."""
        known = {code.value for code in Code}
        if self.code in known:
            return fault(Code(self.code), self.error, hint=self.hint, details=self.details)
        return fault(Code.INTERNAL, self.error, hint=self.hint, details=self.details or self.code)


class StartRequest(Model):
    """POST /api/flash/start; what is None is left to the bridge's default."""

    device_id: DeviceId
    hub_id: HubId | None = None
    device_name: Name | None = None
    partition: Partition | None = None
    image: str | None = None
    partitions: tuple[PlannedStep, ...] | None = None
    requirements: tuple[Requirement, ...] | None = None
    verify: str | None = None
    rollback: str | None = None
    slot: str | None = None
    reboot: bool | None = None
    erase: bool | None = None
    wipe: bool | None = None
    allow_dangerous: bool | None = None
    priority: Priority | None = None
    bandwidth_limit: Rate | None = None
    not_before: Millis | None = None
    wait_for_device: bool | None = None
