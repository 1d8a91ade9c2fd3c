"""Every message a WebSocket may carry, and the two MQTT payloads that never reach one.

The payload of presence, device, event and progress topics *is* one of these, byte for byte.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Discriminator, Field, Tag, TypeAdapter

from flashyard.contract.faults import Code
from flashyard.contract.history import JobRecord
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
)
from flashyard.contract.phases import Phase, Verification
from flashyard.contract.records import Device, Hub, LogLine
from flashyard.contract.rollback import Rollback
from flashyard.contract.topics import MAX_PAYLOAD, Kind


class Flash(Model):
    """What every ``flash_*`` message says. ``by`` is set on the few that a bridge made."""

    type: str  # first on the wire; each message narrows it to its own name
    job_id: JobId
    device_id: DeviceId
    timestamp: Millis
    hub_id: HubId
    seq: Count
    phase: Phase
    by: Literal["bridge"] | None = None


class FlashQueued(Flash):
    """A job waits for its device; sent once per job."""

    type: Literal["flash_queued"] = "flash_queued"
    device_name: Name
    partition: Partition
    position: Count
    total_bytes: ByteCount


class FlashStarted(Flash):
    """A job has begun; ``timestamp`` is its start, also when it is replayed later."""

    type: Literal["flash_started"] = "flash_started"
    device_name: Name
    partition: Partition
    stage: Name = "Initializing"
    total_bytes: ByteCount


class FlashProgress(Flash):
    """How far a job is: bytes of content, bytes/s on the wire, seconds to go."""

    type: Literal["flash_progress"] = "flash_progress"
    progress: Percent
    stage: Name
    bytes_transferred: ByteCount
    total_bytes: ByteCount
    transfer_speed: Count
    estimated_time_remaining: Count


class FlashCompleted(Flash):
    """The device said that everything was done; ``verification`` says how far that was checked."""

    type: Literal["flash_completed"] = "flash_completed"
    verification: Verification | None = None


class FlashFailed(Flash):
    """A job ended without success; a cancelled one too, with code ``cancelled``."""

    type: Literal["flash_failed"] = "flash_failed"
    error: Sentence
    code: Code
    hint: Sentence | None = None
    details: Sentence | None = None
    device_state: Sentence | None = None
    rollback: Rollback | None = None


class FlashPaused(Flash):
    """A job stands at a safe point, or, in phase `queued`, does not begin until it is resumed."""

    type: Literal["flash_paused"] = "flash_paused"


class FlashResumed(Flash):
    """A paused job goes on, or may begin again when its turn comes."""

    type: Literal["flash_resumed"] = "flash_resumed"


class DeviceChanged(Model):
    """A device's record, whole."""

    type: Literal["device_changed"] = "device_changed"
    device_id: DeviceId
    hub_id: HubId
    timestamp: Millis
    device: Device


class DeviceGone(Model):
    """A device was removed: the same message with ``device: null``."""

    keeps_null: ClassVar[bool] = True
    type: Literal["device_changed"] = "device_changed"
    device_id: DeviceId
    hub_id: HubId
    timestamp: Millis
    device: None = None


class HubChanged(Model):
    """A hub's presence; also its last will."""

    type: Literal["hub_changed"] = "hub_changed"
    hub_id: HubId
    timestamp: Millis
    hub: Hub


class HubGone(Model):
    """A hub was forgotten: the same message with ``hub: null``."""

    keeps_null: ClassVar[bool] = True
    type: Literal["hub_changed"] = "hub_changed"
    hub_id: HubId
    timestamp: Millis
    hub: None = None


class Pong(Model):
    """The answer to a ping; ``echo`` is the ping's own timestamp, where it had one."""

    type: Literal["pong"] = "pong"
    timestamp: Millis
    echo: int | float | None = None


class FlashLog(Model):
    """New lines of a job's log; MQTT only."""

    type: Literal["flash_log"] = "flash_log"
    job_id: JobId
    device_id: DeviceId
    hub_id: HubId
    timestamp: Millis
    lines: Annotated[tuple[LogLine, ...], Field(max_length=500)]


Event = (
    FlashQueued
    | FlashStarted
    | FlashProgress
    | FlashCompleted
    | FlashFailed
    | FlashPaused
    | FlashResumed
)
Message = Event | DeviceChanged | DeviceGone | HubChanged | HubGone | Pong | FlashLog | JobRecord
Report = Event | DeviceChanged | HubChanged | FlashLog | JobRecord

_EVENT: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="type")])


def _tag(value: Any) -> str:
    """Tell the two shapes of `device_changed` and `hub_changed` apart by their null."""
    fields = value if isinstance(value, dict) else getattr(value, "__dict__", {})
    kind = str(fields.get("type"))
    if kind in {"device_changed", "hub_changed"} and fields.get(kind[: -len("_changed")]) is None:
        return f"{kind}:gone"
    return kind


_MESSAGE: TypeAdapter[Message] = TypeAdapter(
    Annotated[
        Annotated[FlashQueued, Tag("flash_queued")]
        | Annotated[FlashStarted, Tag("flash_started")]
        | Annotated[FlashProgress, Tag("flash_progress")]
        | Annotated[FlashCompleted, Tag("flash_completed")]
        | Annotated[FlashFailed, Tag("flash_failed")]
        | Annotated[FlashPaused, Tag("flash_paused")]
        | Annotated[FlashResumed, Tag("flash_resumed")]
        | Annotated[DeviceChanged, Tag("device_changed")]
        | Annotated[DeviceGone, Tag("device_changed:gone")]
        | Annotated[HubChanged, Tag("hub_changed")]
        | Annotated[HubGone, Tag("hub_changed:gone")]
        | Annotated[Pong, Tag("pong")]
        | Annotated[FlashLog, Tag("flash_log")]
        | Annotated[JobRecord, Tag("job_record")],
        Discriminator(_tag),
    ]
)


def decode_message(payload: bytes | str) -> Message:
    """Decode any message.

    Raises:
        ValueError: not JSON, an unknown type, or a bad field (pydantic names each).
    """
    return _MESSAGE.validate_json(payload, by_alias=True, by_name=False)


def decode_report(kind: Kind, payload: bytes) -> Report:
    """Decode what a hub said on a topic of this kind.

    Raises:
        ValueError: over 64 KiB, not of the kind's type, or a bad field.
    """
    if len(payload) > MAX_PAYLOAD:
        raise ValueError(f"a payload of {len(payload)} bytes is over {MAX_PAYLOAD}")
    match kind:
        case Kind.EVENT:
            return _EVENT.validate_json(payload, by_alias=True, by_name=False)
        case Kind.PROGRESS:
            return FlashProgress.decode(payload)
        case Kind.DEVICE:
            return DeviceChanged.decode(payload)
        case Kind.PRESENCE:
            return HubChanged.decode(payload)
        case Kind.LOG:
            return FlashLog.decode(payload)
        case Kind.RECORD:
            return JobRecord.decode(payload)
        case _:
            raise ValueError(f"{kind} is not a report")
