"""What a standing order is made or changed with: its fields, and whether a start could be so.

Knows no device: each is judged anew when its turn comes.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Request
from pydantic import ConfigDict, Field, ValidationError

from flashyard.contract.faults import Code, FaultError, refuse
from flashyard.contract.model import Model
from flashyard.contract.standing import STOP_AFTER, Place, StandingOrder
from flashyard.flash.running import denied
from flashyard_bridge.errors import RequestError, reject, reject_all
from flashyard_bridge.rest.body import read_object, without_nulls
from flashyard_bridge.rest.request import PlainName, StartRequest, judge
from flashyard_bridge.state import BridgeState

_LIMIT = 1_000_000
_OF_A_DEVICE = ("deviceId", "hubId", "deviceName", "idempotencyKey")

Limit = Annotated[int, Field(ge=1, le=_LIMIT)]


class StandingWish(Model):
    """The fields of `POST` and `PATCH /api/standing-orders`; what is unknown is set aside."""

    model_config = ConfigDict(extra="allow", populate_by_name=False)

    name: PlainName | None = Field(None, description="for people, and for the command line")
    where: Place | None = Field(
        None, description="which devices: at least one of its fields; globs, but `hubId`"
    )
    flash: dict[str, Any] | None = Field(
        None, description="the body of `POST /api/flash/start`, without its device"
    )
    stop_after_failures: Limit | None = Field(
        None, description=f"failures in a row after which it stops itself, default {STOP_AFTER}"
    )
    max_devices: Limit | None = Field(None, description="it stops itself after so many devices")
    enabled: bool | None = Field(None, description="default: false")

    @property
    def ignored(self) -> tuple[str, ...]:
        """The names that mean nothing to us, also in what is to be flashed."""
        inside = judge_body(self.flash).ignored if self.flash else []
        return (*(self.model_extra or ()), *(f"flash.{name}" for name in inside))


async def standing_wish(request: Request) -> StandingWish:
    """Read the body; what its start would be is judged as that of any start.

    Raises:
        FaultError: the body is not one of ours.
    """
    body = without_nulls(await read_object(request))
    try:
        wish = StandingWish.model_validate(body)
    except ValidationError as error:
        raise reject_all(error.errors(include_url=False, include_input=False)) from error
    if wish.where is not None and wish.where == Place():
        raise reject(
            Code.INVALID_REQUEST, "where", 'names no device; `{"deviceId": "*"}` is all of them.'
        )
    if wish.flash is not None:
        judge_body(wish.flash)
    return wish


def judge_body(flash: dict[str, Any]) -> StartRequest:
    """Judge the body of a start for whatever device.

    Raises:
        RequestError: as for a start, the field beginning with `flash.`.
    """
    for name in _OF_A_DEVICE:
        if name in flash:
            raise reject(Code.INVALID_REQUEST, f"flash.{name}", "is not for all devices.")
    try:
        return judge({**flash, "deviceId": "any"})
    except RequestError as error:
        raise RequestError(error.fault, field=f"flash.{error.field}") from error


async def check(bridge: BridgeState, order: StandingOrder | StandingWish) -> None:
    """See that an order could be carried out at all.

    Raises:
        RequestError: `invalid_request`, `image_required`, `partition_required`, `unknown_image`,
            `partition_denied`.
    """
    if order.where is None or order.flash is None:
        missing = "where" if order.where is None else "flash"
        raise reject(Code.INVALID_REQUEST, missing, "is required.")
    start = judge_body(order.flash)
    if start.image is not None and start.partition is None:
        raise refuse(Code.PARTITION_REQUIRED)
    steps = start.partitions or ()
    if not start.allow_dangerous:  # each hub would refuse it, device after device
        for partition in [start.partition] if start.partition else [s.partition for s in steps]:
            denied.check(partition)
    images = [start.image] if start.image else [step.image for step in steps]
    if not images and order.where.emulated is not True:
        hint = "Name an image, or say `emulated: true` in `where`."
        raise refuse(Code.IMAGE_REQUIRED, hint=hint)
    for sha256 in images:
        try:
            await bridge.images.get(sha256)
        except FaultError as error:
            raise RequestError(error.fault, field="flash") from error


def wish_schema() -> dict[str, Any]:
    """Describe the body for OpenAPI; we read it ourselves, so the framework cannot."""
    schema = StandingWish.model_json_schema(ref_template="#/components/schemas/{model}")
    # The framework knows this one from the answer.
    schema.pop("$defs", None)
    example = {
        "name": "line 1",
        "where": {"port": "usb-1.*", "emulated": False},
        "flash": {"partition": "boot", "image": "9f86d081884c7d65" * 4},
        "enabled": True,
    }
    return {
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": schema, "example": example}},
        }
    }
