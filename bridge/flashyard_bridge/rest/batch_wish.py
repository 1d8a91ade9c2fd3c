"""What a batch is made with: the fields of a start, which devices, and when it stops.

Knows no device: who is meant, and whether it can be, is for `batches.choice`.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field, ValidationError

from flashyard.contract.batches import MAX_DEVICES, FailurePercent
from flashyard.contract.faults import Code
from flashyard.contract.limits import Parallel
from flashyard.contract.model import Model
from flashyard.flash.running import denied
from flashyard_bridge.batches.place import BatchDevice, BatchPlace
from flashyard_bridge.errors import reject, reject_all
from flashyard_bridge.rest.body import KeyedObject, without_nulls
from flashyard_bridge.rest.request import (
    IdempotencyKey,
    PlainName,
    StartRequest,
    judge,
    spelled_out,
    start_schema,
)

_OF_A_DEVICE = ("deviceId", "deviceName", "hubId", "idempotencyKey")


def _spelled(said: Any) -> Any:
    """Take a device's mere id for all of it."""
    return {"deviceId": said} if isinstance(said, str) else said


NamedDevice = Annotated[
    BatchDevice, BeforeValidator(_spelled, json_schema_input_type=BatchDevice | str)
]


class BatchWish(Model):
    """The fields of `POST /api/flash/batch` beside those of a start."""

    model_config = ConfigDict(extra="allow", populate_by_name=False)

    name: PlainName | None = Field(None, description="for people, and for the command line")
    devices: Annotated[list[NamedDevice], Field(min_length=1, max_length=MAX_DEVICES)] | None = (
        Field(None, description="`[deviceId…]` or `[{deviceId, hubId}…]`, in this order")
    )
    filter: BatchPlace | None = Field(
        None, description="instead of `devices`: all that are online now and fit"
    )
    max_parallel: Parallel | None = Field(
        None, description="jobs of this batch at once, over all hubs; default: all"
    )
    max_failures: Annotated[int, Field(ge=0, le=MAX_DEVICES)] | None = Field(
        None, description="more failed devices than this stop it; default: any number is borne"
    )
    max_failure_percent: FailurePercent | None = Field(
        None, description="the same, in percent of all its devices"
    )
    continue_on_error: bool | None = Field(
        None, description="default: true; false is `maxFailures` 0"
    )
    idempotency_key: IdempotencyKey | None = Field(
        None, description="a repeated request with the same key makes no second batch, for 24 h"
    )

    @property
    def failures_borne(self) -> int | None:
        """How many devices may fail; None is any number."""
        return 0 if self.continue_on_error is False else self.max_failures


@dataclass(frozen=True, slots=True)
class AskedBatch:
    """A judged request.

    Attributes:
        wish: what is said beside a start's fields.
        start: the start that is meant, for whatever device.
        flash: the same as a body, without what means nothing to us.
        fingerprint: the request's digest; its key is not part of it.
    """

    wish: BatchWish
    start: StartRequest
    flash: dict[str, Any]
    fingerprint: str

    @property
    def place(self) -> BatchPlace:
        """The devices that are meant where none is named."""
        return self.wish.filter or BatchPlace()


def judge_batch(body: dict[str, Any]) -> AskedBatch:
    """Judge a batch's body.

    Raises:
        RequestError: `invalid_request`, `not_supported` or `partition_denied`, naming the field.
    """
    try:
        wish = BatchWish.model_validate(without_nulls(body))
    except ValidationError as error:
        raise reject_all(error.errors(include_url=False, include_input=False)) from error
    _judge_devices(wish)
    if wish.continue_on_error is False and (wish.max_failures or wish.max_failure_percent):
        why = "is false, and yet failures are to be borne; leave one of them out."
        raise reject(Code.INVALID_REQUEST, "continueOnError", why)
    said = dict(wish.model_extra or {})
    for name in _OF_A_DEVICE:
        if name in said:
            why = "is said in `devices` or `filter`." if name != "deviceName" else "is not for all."
            raise reject(Code.INVALID_REQUEST, name, why)
    start = judge({**said, "deviceId": "any"})
    _judge_partitions(start)
    known = {field.alias for field in StartRequest.model_fields.values()}
    told = {name: value for name, value in body.items() if name != "idempotencyKey"}
    return AskedBatch(
        wish,
        start,
        {name: value for name, value in said.items() if name in known},
        hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest(),
    )


def _judge_devices(wish: BatchWish) -> None:
    if (wish.devices is None) is (wish.filter is None):
        why = "or `filter` is required." if wish.devices is None else "contradicts `filter`."
        raise reject(Code.INVALID_REQUEST, "devices", why)
    if wish.filter is not None and wish.filter.is_empty:
        why = 'names no device; `{"deviceId": "*"}` is all of them.'
        raise reject(Code.INVALID_REQUEST, "filter", why)


def _judge_partitions(start: StartRequest) -> None:
    """Refuse what each hub would refuse, device after device."""
    if start.allow_dangerous:
        return
    steps = [step.partition for step in start.partitions or ()]
    for partition in [start.partition] if start.partition else steps:
        denied.check(partition)


async def batch_wish(body: KeyedObject) -> AskedBatch:
    """Judge a batch's body, its ``Idempotency-Key`` included.

    Raises:
        FaultError: the body is not one of ours.
    """
    return judge_batch(body)


def batch_schema() -> dict[str, Any]:
    """Describe the body for OpenAPI; we read it ourselves, so the framework cannot."""
    content = start_schema()["requestBody"]["content"]["application/json"]
    of_start = content["schema"]["properties"]
    schema = BatchWish.model_json_schema(ref_template="{model}")
    models = schema.pop("$defs", {})
    own = spelled_out(schema["properties"], models)
    of_start = {name: each for name, each in of_start.items() if name not in _OF_A_DEVICE}
    example = {
        "name": "shelf 4",
        "filter": {"hubId": "bench-a", "product": "oriole"},
        "partition": "boot",
        "image": "9f86d081884c7d65" * 4,
        "maxParallel": 8,
        "maxFailures": 2,
    }
    return {
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {**schema, "properties": {**own, **of_start}},
                    "example": example,
                }
            },
        }
    }
