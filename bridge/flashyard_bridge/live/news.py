"""A message on its way to the browsers: framed once, with the answers every browser's copy asks.

It knows neither who gets it nor how.
"""

from __future__ import annotations

from dataclasses import dataclass

from websockets.frames import OP_TEXT
from websockets.frames import Frame as WireFrame

from flashyard.contract.messages import (
    DeviceChanged,
    DeviceGone,
    FlashCompleted,
    FlashFailed,
    FlashProgress,
    HubChanged,
    HubGone,
    Message,
)
from flashyard.contract.tracked import Frame
from flashyard_bridge.live.outbox import Parcel


@dataclass(frozen=True, slots=True)
class News:
    """One message and its parcel.

    Attributes:
        message: what is said.
        parcel: its WebSocket frame, the same bytes for everyone.
        job: the job it is about; None: it is a change of a device or a hub.
        since: only browsers whose number is higher may hear of it.
    """

    message: Message
    parcel: Parcel
    job: str | None
    since: int = 0

    @classmethod
    def of(cls, frame: Frame, since: int = 0) -> News:
        """Frame a message's bytes, as they came, for the wire."""
        message, data = frame.message, framed(frame.payload)
        match message:
            case FlashProgress():
                return cls(message, Parcel(data, key=message.job_id), message.job_id, since)
            case DeviceChanged() | DeviceGone():
                key = f"{message.hub_id} {message.device_id}"
                return cls(message, Parcel(data, key=key), None, since)
            case HubChanged() | HubGone():
                return cls(message, Parcel(data, key=f"{message.hub_id} "), None, since)
            case _:
                job = getattr(message, "job_id", None)
                return cls(message, Parcel(data, after=job), job, since)

    @property
    def is_sample(self) -> bool:
        """May a newer one of its job stand for it?"""
        return isinstance(self.message, FlashProgress)

    @property
    def is_end(self) -> bool:
        """Is it the last that is said of a job?"""
        return isinstance(self.message, FlashCompleted | FlashFailed)


def framed(payload: bytes) -> bytes:
    """Put a server's text frame around a payload (RFC 6455, section 5.2: no mask)."""
    return WireFrame(OP_TEXT, payload).serialize(mask=False)
