"""What a bridge asks of a hub, and the hub's yes or no. Never retained."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, TypeAdapter

from flashyard.contract.faults import Code
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
from flashyard.contract.topics import MAX_PAYLOAD

ORDER_TTL_MS = 5_000


class Order(Model):
    """What every order says: whom it is for (a hub's session) and how long it holds."""

    order_id: Token
    job_id: JobId
    session: Token
    issued_at: Millis
    ttl_ms: Annotated[int, Field(ge=1, le=600_000)] = ORDER_TTL_MS

    def is_stale(self, now: int) -> bool:
        """Is it past its time (Unix ms by the bridge's clock)?"""
        return now > self.issued_at + self.ttl_ms


class OrderStep(Model):
    """One partition of a start; ``query`` signs its image's download. See `PlannedStep`."""

    partition: Partition
    image: StoredImage
    query: Annotated[str, Field(max_length=500)]
    slot: Literal["other"] | None = None
    method: Method = "flash"
    before: Before | None = None


class StartOrder(Order):
    """Flash a partition, or with ``steps`` several (``partition`` is then the first's).

    With ``image`` the query signs its download; with neither, bytes are made. ``total_bytes``:
    content bytes over all steps. ``options``: what is not at its default. ``serial``: what the
    device's record must still say by the time the job begins.
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
    priority: Annotated[int, Field(ge=0, le=9)] = 5
    attempt: Annotated[int, Field(ge=1)] = 1
    retry_of: JobId | None = None
    idempotency_key: Annotated[str, Field(max_length=200)] | None = None

    @property
    def imaged(self) -> tuple[OrderStep, ...]:
        """The steps that write an image, one or several; none where bytes are made."""
        if self.image is None:
            return self.steps
        return (OrderStep(partition=self.partition, image=self.image, query=self.query or ""),)

    @property
    def partitions(self) -> tuple[str, ...]:
        """What is written, in order."""
        return tuple(step.partition for step in self.steps) or (self.partition,)

    def needs(self, sha256: str) -> bool:
        """Does it write this image?"""
        return any(step.image.sha256 == sha256 for step in self.imaged)

    def renewed(self, sha256: str, query: str) -> Self:
        """Take a fresh signature for an image's download."""
        if self.image is not None:
            return self.with_(query=query)
        steps = (
            step.with_(query=query) if step.image.sha256 == sha256 else step for step in self.steps
        )
        return self.with_(steps=tuple(steps))


class CancelOrder(Order):
    """End a job at its next safe point."""

    kind: Literal["cancel"] = "cancel"


class PauseOrder(Order):
    """Stand still at the next safe point."""

    kind: Literal["pause"] = "pause"


class ResumeOrder(Order):
    """Go on after a pause."""

    kind: Literal["resume"] = "resume"


class ImageOrder(Order):
    """A fresh signature for an image of a queued job."""

    kind: Literal["image"] = "image"
    sha256: Sha256
    query: Annotated[str, Field(max_length=500)]


class Announce(Model):
    """Ask every hub to say everything that is true; ``now`` is the bridge's clock in Unix ms."""

    kind: Literal["announce"] = "announce"
    now: Millis


class Receipt(Model):
    """A hub's answer to an order; repeated unchanged for a repeated order."""

    order_id: Token
    accepted: bool
    job_id: JobId
    status: Status
    position: Count | None = None
    code: Code | None = None
    error: Sentence | None = None
    hint: Sentence | None = None
    details: Sentence | None = None


class Recorded(Model):
    """Records that have reached the history and need not be repeated."""

    job_ids: tuple[JobId, ...]
    history_id: Token


AnyOrder = StartOrder | CancelOrder | PauseOrder | ResumeOrder | ImageOrder
_ORDER: TypeAdapter[AnyOrder] = TypeAdapter(Annotated[AnyOrder, Field(discriminator="kind")])


def decode_order(payload: bytes) -> AnyOrder:
    """Decode an order.

    Raises:
        ValueError: over 64 KiB, an unknown kind, or a bad field.
    """
    if len(payload) > MAX_PAYLOAD:
        raise ValueError(f"an order of {len(payload)} bytes is over {MAX_PAYLOAD}")
    return _ORDER.validate_json(payload, by_alias=True, by_name=False)
