"""The records: what is true of a hub, a device and a job right now.

They are retained on MQTT, answered by REST, and the ground the messages are folded onto.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from flashyard.contract.expected import Expected
from flashyard.contract.faults import Code
from flashyard.contract.limits import MAX_QUEUE, Limits, Priority, Rate
from flashyard.contract.model import (
    ByteCount,
    Count,
    DeviceId,
    HubId,
    JobId,
    Millis,
    Model,
    Name,
    Partition,
    Percent,
    Sentence,
    Sha256,
    Token,
)
from flashyard.contract.phases import ACTIVE_STATUS, FINAL_STATUS, Phase, Status, Verification
from flashyard.contract.rollback import Rollback, RollbackKind
from flashyard.contract.troubles import Quarantine, Trouble

MAX_RECENT = 16
MAX_ERROR = 200  # characters of a recent entry's error
MAX_RECORD = 60 * 1024  # bytes of a device record; over it the oldest recent entries go


class Unrecorded(Model):
    """Ended jobs whose records no history has yet, the oldest of them ended at Unix ms ``since``.

    ``lost``: how many had to be given up, since there were too many or they were too old.
    """

    waiting: Count
    since: Millis | None = None
    lost: Count = 0


class Hub(Model):
    """One edge host. ``session`` is random per process; ``announced`` echoes an announce's now.

    ``troubles``: what is wrong with it now; ``unrecorded``: absent where all is on record.
    """

    hub_id: HubId
    online: bool
    session: Token
    since: Millis
    version: Name
    limits: Limits
    announced: Millis | None = None
    clock_skew_ms: int | None = None
    troubles: Annotated[tuple[Trouble, ...], Field(max_length=8)] | None = None
    unrecorded: Unrecorded | None = None


class ImageRef(Model):
    """An image as a job names it; ``size`` is the stored file's."""

    sha256: Sha256
    name: Name
    size: ByteCount


class Unpacked(Model):
    """The file inside a compressed image: its bytes, and those in 4 KiB blocks not all zeros."""

    compression: Literal["gzip", "xz", "zstd", "zip"]
    size: ByteCount
    data: ByteCount


class StoredImage(ImageRef):
    """An image in the store. ``expanded_size``: bytes it spans on the device.

    ``content_size``: bytes a device is sent for it, RAW and FILL (see "Progress, defined").
    ``unpacked``: of a compressed image alone; ``kind`` and the two sizes are those of what is
    inside.
    """

    kind: Literal["raw", "sparse"]
    expanded_size: ByteCount
    content_size: ByteCount
    unpacked: Unpacked | None = None
    created_at: Millis


class StartOptions(Model):
    """The options of a start that are not at their default, so that a retry can repeat it.

    ``plan``: the SHA-256 under which a bridge keeps the steps of a job that has several.
    """

    image_size: ByteCount | None = None
    plan: Sha256 | None = None
    verify: Literal["none", "image", "readback", "booted"] | None = None
    slot: Literal["inactive", "a", "b"] | None = None
    reboot: bool | None = None
    erase: bool | None = None
    wipe: bool | None = None
    allow_dangerous: bool | None = None
    rollback: RollbackKind | None = None
    wait_for_device: bool | None = None


class StepRecord(Model):
    """One partition of a job; ``image`` is the SHA-256 of what is written, of several.

    ``place``: the device's own name of it, slot included, once it was looked for.
    """

    partition: Partition
    status: Status
    bytes: ByteCount
    image: Sha256 | None = None
    place: Name | None = None


class QueueEntry(Model):
    """A waiting job, as its device's record carries it.

    ``stage``: what it waits for, where that is not simply its turn; ``held``: an operator paused
    it before it began.
    """

    job_id: JobId
    seq: Count
    partition: Partition
    total_bytes: ByteCount
    priority: Priority = 5
    queued_at: Millis
    stage: Name | None = None
    held: bool | None = None
    not_before: Millis | None = None
    bandwidth_limit: Rate | None = None
    rollback: Rollback | None = None
    image: ImageRef | None = None
    device_name: Name | None = None
    attempt: Annotated[int, Field(ge=1)] = 1
    retry_of: JobId | None = None
    options: StartOptions | None = None


class RecentEntry(QueueEntry):
    """An ended job, as its device's record carries it (the newest 16)."""

    status: Status
    code: Code | None = None
    error: Annotated[str, Field(max_length=MAX_ERROR)] | None = None
    hint: Sentence | None = None
    device_state: Sentence | None = None
    verification: Verification = Verification.NONE
    started_at: Millis | None = None
    finished_at: Millis
    bytes_transferred: ByteCount


class Job(Model):
    """One or more partitions to one device, once; REST's shape. Times are Unix ms.

    ``requested`` is what was asked and has not happened yet; ``lost`` says the hub is silent.
    ``not_before``: it does not begin earlier; ``bandwidth_limit``: bytes per second.
    ``expected``: what is usual for such a job, where a bridge's history tells.
    """

    job_id: JobId
    device_id: DeviceId
    device_name: Name
    hub_id: HubId
    partition: Partition
    steps: tuple[StepRecord, ...] = ()
    status: Status
    phase: Phase
    stage: Name
    requested: Literal["cancel", "pause", "resume"] | None = None
    lost: bool | None = None
    progress: Percent = 0.0
    bytes_transferred: ByteCount = 0
    total_bytes: ByteCount
    transfer_speed: Count = 0
    average_speed: Count = 0
    estimated_time_remaining: Count = 0
    expected: Expected | None = None
    position: Count | None = None
    priority: Priority = 5
    not_before: Millis | None = None
    bandwidth_limit: Rate | None = None
    queued_at: Millis
    started_at: Millis | None = None
    finished_at: Millis | None = None
    received_at: Millis | None = None
    attempt: Annotated[int, Field(ge=1)] = 1
    retry_of: JobId | None = None
    image: ImageRef | None = None
    verification: Verification = Verification.NONE
    device_state: Sentence | None = None
    rollback: Rollback | None = None
    error: Sentence | None = None
    code: Code | None = None
    hint: Sentence | None = None
    details: Sentence | None = None
    options: StartOptions | None = None

    @property
    def is_final(self) -> bool:
        """Has it ended?"""
        return self.status in FINAL_STATUS

    @property
    def has_begun(self) -> bool:
        """Has it ever run? One that waits has not, whether or not it is held."""
        return self.started_at is not None

    @property
    def is_active(self) -> bool:
        """Is it queued, running or paused?"""
        return self.status in ACTIVE_STATUS


class CurrentJob(Job):
    """The job a device is busy with; ``seq`` is that of its last event."""

    seq: Count


class LogLine(Model):
    """A line of a job's log: a device's INFO line or a word of ours, at Unix ms."""

    at: Millis
    text: Sentence


Mode: TypeAlias = Literal[
    "fastboot",
    "fastbootd",
    "adb",
    "sideload",
    "recovery",
    "dfu",
    "download",
    "edl",
    "mtp",
    "ptp",
    "storage",
    "normal",
    "unknown",
]


class Device(Model):
    """A thing plugged into a port, with the job it runs, those that wait and the last that ended.

    ``slots`` are the names of its slots (empty: none); ``partitions`` maps a name to bytes, where
    the device tells it. ``mode_confidence``: how sure its mode is where it was only looked at;
    ``hint``: how to bring it into one in which it can be flashed. ``bandwidth_limit``: bytes per
    second, whatever job; ``quarantine``: why it takes no jobs.
    """

    device_id: DeviceId
    device_name: Name
    hub_id: HubId
    session: Token
    rev: Count
    serial: Name | None = None
    port: Name | None = None
    transport: Literal["usb", "tcp", "udp"]
    mode: Mode
    mode_confidence: Annotated[float, Field(ge=0, le=1)] | None = None
    hint: Sentence | None = None
    online: bool
    last_seen: Millis
    emulated: bool
    product: Name | None = None
    slots: tuple[Annotated[str, Field(pattern=r"^[a-z]$")], ...] = ()
    current_slot: str | None = None
    partitions: dict[str, ByteCount] | None = None
    bandwidth_limit: Rate | None = None
    quarantine: Quarantine | None = None
    current_job: CurrentJob | None = None
    queue: Annotated[tuple[QueueEntry, ...], Field(max_length=MAX_QUEUE)] = ()
    recent: Annotated[tuple[RecentEntry, ...], Field(max_length=MAX_RECENT)] = ()
