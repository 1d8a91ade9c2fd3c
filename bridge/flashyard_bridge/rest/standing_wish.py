"""What a standing order is made or changed with: its fields, and whether a start could be so.

Knows no device: each is judged anew when its turn comes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import Request
from pydantic import ConfigDict, Field, ValidationError

from flashyard.contract.faults import Code, RequestField, refuse
from flashyard.contract.model import Model
from flashyard.contract.standing import STOP_AFTER, Place, StandingOrder
from flashyard_bridge.errors import reject, reject_all
from flashyard_bridge.rest.body import read_object
from flashyard_bridge.rest.request import PlainName, judge
from flashyard_bridge.state import BridgeState

_LIMIT = 1_000_000
_OF_A_DEVICE = ("deviceId", "hubId", "deviceName", "idempotencyKey")
_ANY_DEVICE = "any"

Limit = Annotated[int, Field(ge=1, le=_LIMIT)]


class StandingWish(Model):
    """The fields of `POST` and `PATCH /api/standing-orders`; what is unknown is set aside."""

    model_config = ConfigDict(extra="allow", populate_by_name=False)

    name: PlainName | None = Field(None, description="for people, and for the command line")
    where: Place | None = Field(
        None, description="which devices: at least one of its fields; globs, but `hubId`"
    )
    flash: dict[str, Any] | None = Field(
        None, description="the body of `POST /api/flash/start` without `deviceId`"
    )
    stop_after_failures: Limit | None = Field(
        None, description=f"failures in a row after which it stops itself, default {STOP_AFTER}"
    )
    max_devices: Limit | None = Field(None, description="it stops itself after so many devices")
    enabled: bool | None = Field(None, description="default: false")
