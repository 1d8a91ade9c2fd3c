"""The hub's way out: every report is encoded once here and put on the topic its kind has.

What a crash could make untrue, an event, a record, a receipt, goes out once the journal has what it
stands on. Otherwise it never waits and keeps nothing: what is lost while the link is down is told
again by the records that follow each connection.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeAlias

from flashyard.contract.faults import Code
from flashyard.contract.messages import (
    DeviceChanged,
    Event,
    FlashLog,
    FlashProgress,
    HubChanged,
)
from flashyard.contract.model import Model
from flashyard.contract.orders import Answer
from flashyard.contract.topics import MANNERS, Kind, build
from flashyard.link import Link

After: TypeAlias = Callable[[Callable[[], object], str | None], None]


class Post:
    """Outgoing mail of one hub over one link; ``after`` is its journal's."""

    def __init__(self, link: Link, hub_id: str, after: After) -> None:
        self._link = link
        self._after = after
        self._hub_id = hub_id
        self._tells_devices = False

    def tell_devices(self) -> None:
        """From now on publish device records; before, they would hide what an earlier run left."""
        self._tells_devices = True

    def presence(self, message: HubChanged) -> None:
        """Publish the hub's presence, retained."""
        self._send(Kind.PRESENCE, message)

    async def farewell(self, message: HubChanged, within: float) -> bool:
        """Publish the last presence; return whether the broker has it, after so many seconds."""
        topic = build(Kind.PRESENCE, self._hub_id)
        return await self._link.publish_and_confirm(
            topic, message.encode(), retain=True, within=within
        )

    def event(self, message: Event) -> None:
        """Publish a job's event."""
        self._after(partial(self._send, Kind.EVENT, message, message.device_id), None)

    def sample(self, message: FlashProgress) -> None:
        """Publish a mere sample; it is dropped while the link is down, a fresher one follows."""
        self._send(Kind.PROGRESS, message, message.device_id)

    def log(self, message: FlashLog) -> None:
        """Publish lines of a job's log."""
        self._send(Kind.LOG, message, message.device_id)

    def device(self, message: DeviceChanged) -> None:
        """Publish a device's record, retained."""
        if self._tells_devices:
            send = partial(self._send, Kind.DEVICE, message, message.device_id)
            self._after(send, f"record of {message.device_id}")

    def clear(self, device_id: str) -> None:
        """Remove a device's retained record."""
        topic = build(Kind.DEVICE, self._hub_id, device_id)
        send = partial(self._link.publish, topic, b"", qos=1, retain=True)
        self._after(send, f"record of {device_id}")

    def receipt(self, message: Answer) -> None:
        """Publish the answer to an order; that nothing can be written down is told at once."""
        if message.code is Code.DISK_FULL:
            self._send(Kind.RECEIPT, message)
        else:
            self._after(partial(self._send, Kind.RECEIPT, message), None)

    def record(self, payload: bytes) -> bool:
        """Publish an ended job's record as the journal has it; False: the link takes nothing."""
        return self._publish(Kind.RECORD, payload)

    def _send(self, kind: Kind, message: Model, device_id: str | None = None) -> None:
        self._publish(kind, message.encode(), device_id)

    def _publish(self, kind: Kind, payload: bytes, device_id: str | None = None) -> bool:
        topic = build(kind, self._hub_id, device_id)
        manners = MANNERS[kind]
        return self._link.publish(topic, payload, qos=manners.qos, retain=manners.retain)
