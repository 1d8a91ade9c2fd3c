"""What a bridge asks of a hub, and the hub's yes or no. Never retained."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Literal, Self

from pydantic import Field, TypeAdapter

from flashyard.contract.faults import Code
from flashyard.contract.limits import NewRate, Parallel, Priority, Rate
from flashyard.contract.model import (
    ByteCount,
    Count,
    DeviceId,
    JobId,
    Millis,
    Model,
    Name,
    Partition,
    Sentence,
    Sha256,
    Token,
)
from flashyard.contract.phases import Status
from flashyard.contract.plans import MAX_REQUIREMENTS, MAX_STEPS, Before, Method, Requirement
from flashyard.contract.records import StartOptions, StoredImage
from flashyard.contract.requester import Requester
from flashyard.contract.rollback import Rollback, RollbackKind
from flashyard.contract.topics import MAX_PAYLOAD

ORDER_TTL_MS = 5_000


class Order(Model):
    """What every order says: whom it is for (a hub's session) and how long it holds."""

    order_id: Token
    session: Token
    issued_at: Millis
    ttl_ms: Annotated[int, Field(ge=1, le=600_000)] = ORDER_TTL_MS

    def is_stale(self, now: int) -> bool:
        """Is it past its time (Unix ms by the bridge's clock)?"""
        return now > self.issued_at + self.ttl_ms


class JobOrder(Order):
    """An order for one job."""

    job_id: JobId


class OrderStep(Model):
    """One partition of a start; ``query`` signs its image's download. See `PlannedStep`."""

    partition: Partition
    image: StoredImage
    query: Annotated[str, Field(max_length=500)]
    slot: Literal["other"] | None = None
    method: Method = "flash"
    before: Before | None = None


class RollbackPlan(Model):
    """What the hub is to do if the job fails after it changed something.

    ``steps``: of `last-good`, one for each of the job's, to be written then; ``plan``: the same for
    people; ``kept``: see :class:`Rollback`.
    """

    kind: RollbackKind
    steps: Annotated[tuple[OrderStep, ...], Field(max_length=MAX_STEPS)] = ()
    plan: Sentence | None = None
    kept: Sha256 | None = None

    def planned(self) -> Rollback:
        """Tell it as a job does that has not ended."""
        return Rollback(kind=self.kind, plan=self.plan, kept=self.kept)


class StartOrder(JobOrder):
    """Flash a partition, or with ``steps`` several (``partition`` is then the first's).

    With ``image`` the query signs its download; with neither, bytes are made. ``total_bytes``:
    content bytes over all steps. ``options``: what is not at its default. ``serial``: what the
    device's record must still say by the time the job begins. ``not_before``: Unix ms by the
    bridge's clock. ``wait_for_device``: take the job though the device is not there, and let it
    wait until it is. ``asked_by``: who had it started, for the job's record.
    """

    kind: Literal["start"] = "start"
    device_id: DeviceId
    device_name: Name | None = None
    serial: Name | None = None
    partition: Partition
    total_bytes: ByteCount
    image: StoredImage | None = None
    query: Annotated[str, Field(max_length=500)] | None = None
    steps: Annotated[tuple[OrderStep, ...], Field(max_length=MAX_STEPS)] = ()
    requirements: Annotated[tuple[Requirement, ...], Field(max_length=MAX_REQUIREMENTS)] = ()
    options: StartOptions = StartOptions()
    priority: Priority = 5
    bandwidth_limit: Rate | None = None
    not_before: Millis | None = None
    wait_for_device: bool = False
    rollback: RollbackPlan | None = None
    attempt: Annotated[int, Field(ge=1)] = 1
    retry_of: JobId | None = None
    idempotency_key: Annotated[str, Field(max_length=200)] | None = None
    asked_by: Requester | None = None

    @property
    def imaged(self) -> tuple[OrderStep, ...]:
        """The steps that write an image, one or several; none where bytes are made."""
        if self.image is None:
            return self.steps
        return (OrderStep(partition=self.partition, image=self.image, query=self.query or ""),)

    @property
    def fetched(self) -> tuple[OrderStep, ...]:
        """All whose images must be had: what is written, and what would be on the way back."""
        return (*self.imaged, *(self.rollback.steps if self.rollback else ()))

    @property
    def partitions(self) -> tuple[str, ...]:
        """What is written, in order."""
        return tuple(step.partition for step in self.steps) or (self.partition,)

    def needs(self, sha256: str) -> bool:
        """Does it write this image, or would it on the way back?"""
        return any(step.image.sha256 == sha256 for step in self.fetched)

    def renewed(self, sha256: str, query: str) -> Self:
        """Take a fresh signature for an image's download."""
        again = partial(_renewed, sha256=sha256, query=query)
        order = self.with_(steps=again(self.steps))
        if self.image is not None and self.image.sha256 == sha256:
            order = order.with_(query=query)
        if self.rollback is not None:
            plan = self.rollback.with_(steps=again(self.rollback.steps))
            order = order.with_(rollback=plan)
        return order


class CancelOrder(JobOrder):
    """End a job at its next safe point.

    ``withdrawn``: whoever asked for it was told that it failed to start. Where that can still be
    done, and nobody asked for it again, its idempotency key is free with that.
    """

    kind: Literal["cancel"] = "cancel"
    withdrawn: bool | None = None


class PauseOrder(JobOrder):
    """Stand still at the next safe point."""

    kind: Literal["pause"] = "pause"


class ResumeOrder(JobOrder):
    """Go on after a pause."""

    kind: Literal["resume"] = "resume"


class ImageOrder(JobOrder):
    """A fresh signature for an image of a queued job."""

    kind: Literal["image"] = "image"
    sha256: Sha256
    query: Annotated[str, Field(max_length=500)]


class LimitsOrder(Order):
    """Change what a job, else a device, else the whole hub is held to; what is absent stays.

    Bytes per second; 0 lifts a limit. ``priority`` is a job's, ``max_parallel`` and
    ``download_limit`` are a hub's.
    """

    kind: Literal["limits"] = "limits"
    job_id: JobId | None = None
    device_id: DeviceId | None = None
    priority: Priority | None = None
    bandwidth_limit: NewRate | None = None
    download_limit: NewRate | None = None
    max_parallel: Parallel | None = None


class ReleaseOrder(Order):
    """Let a device's place take jobs again that was put into quarantine."""

    kind: Literal["release"] = "release"
    device_id: DeviceId


class Announce(Model):
    """Ask every hub to say everything that is true; ``now`` is the bridge's clock in Unix ms."""

    kind: Literal["announce"] = "announce"
    now: Millis


class Answer(Model):
    """A hub's answer to an order; repeated unchanged for a repeated order."""

    order_id: Token
    accepted: bool
    code: Code | None = None
    error: Sentence | None = None
    hint: Sentence | None = None
    details: Sentence | None = None


class Receipt(Answer):
    """The answer to an order for a job; ``job_id`` is another's where that is already under way."""

    job_id: JobId
    status: Status
    position: Count | None = None


class Recorded(Model):
    """Records that have reached a history, by its id, and need not be repeated."""

    job_ids: tuple[JobId, ...]
    history_id: Token


AnyOrder = (
    StartOrder | CancelOrder | PauseOrder | ResumeOrder | ImageOrder | LimitsOrder | ReleaseOrder
)
_ORDER: TypeAdapter[AnyOrder] = TypeAdapter(Annotated[AnyOrder, Field(discriminator="kind")])


def _renewed(steps: tuple[OrderStep, ...], sha256: str, query: str) -> tuple[OrderStep, ...]:
    return tuple(s.with_(query=query) if s.image.sha256 == sha256 else s for s in steps)


_ANSWER: TypeAdapter[Receipt | Answer] = TypeAdapter(
    Annotated[Receipt | Answer, Field(union_mode="left_to_right")]
)


def decode_order(payload: bytes) -> AnyOrder:
    """Decode an order.

    Raises:
        ValueError: over 64 KiB, an unknown kind, or a bad field.
    """
    if len(payload) > MAX_PAYLOAD:
        raise ValueError(f"an order of {len(payload)} bytes is over {MAX_PAYLOAD}")
    return _ORDER.validate_json(payload, by_alias=True, by_name=False)


def decode_answer(payload: bytes) -> Receipt | Answer:
    """Decode a hub's answer: a receipt wherever it is for a job.

    Raises:
        ValueError: over 64 KiB, or a bad field.
    """
    if len(payload) > MAX_PAYLOAD:
        raise ValueError(f"an answer of {len(payload)} bytes is over {MAX_PAYLOAD}")
    return _ANSWER.validate_json(payload, by_alias=True, by_name=False)
