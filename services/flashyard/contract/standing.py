"""Standing orders: what is flashed to which devices as they are plugged in, once per serial.

They are the bridge's own: no hub knows of them, and they are not on MQTT.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field

from flashyard.contract.model import Count, HubId, Millis, Model, Name, Sentence, Token
from flashyard.contract.records import Device
from flashyard.contract.requester import Requester

STOP_AFTER = 3  # failures in a row, unless it is said otherwise

# No control characters: they end up on terminals.
Glob = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]


class Place(Model):
    """Which devices are meant: all that is said must fit. The strings are globs, but the hub's.

    ``port`` is a device's port or station name; ``emulated`` None: real ones and emulated ones.
    """

    hub_id: HubId | None = None
    port: Glob | None = None
    product: Glob | None = None
    device_id: Glob | None = None
    emulated: bool | None = None


class StandingOrder(Model):
    """One standing order. ``flash`` is the body of a start without its device.

    ``flashed`` counts devices, ``failed`` attempts since it was last enabled or changed.
    ``asked_by``: who made it, or changed it last.
    """

    id: Token
    name: Name | None = None
    where: Place
    flash: dict[str, Any]
    stop_after_failures: Annotated[int, Field(ge=1)] = STOP_AFTER
    max_devices: Annotated[int, Field(ge=1)] | None = None
    enabled: bool = False
    created_at: Millis
    flashed: Count = 0
    failed: Count = 0
    failures_in_row: Count = 0
    last_error: Sentence | None = None
    stopped_because: Sentence | None = None
    asked_by: Requester | None = None

    @property
    def title(self) -> str:
        """What people call it."""
        return self.name or self.id


Done: TypeAlias = Literal["due", "running", "flashed", "failed", "skipped"]


class Standing(Model):
    """How a device stands with the standing order it is under; ``why`` where that needs a word."""

    id: Token
    name: Name | None = None
    done: Done
    why: Sentence | None = None


class ListedDevice(Device):
    """A device as the bridge lists it."""

    standing_order: Standing | None = None
