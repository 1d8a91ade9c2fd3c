"""What a start asks for: its fields, their bounds, and which of them have no effect yet.

Knows no device, no image and no job.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, PrivateAttr, ValidationError

from flashyard.contract.faults import Code
from flashyard.contract.limits import Priority, Rate
from flashyard.contract.model import DeviceId, HubId, Millis, Model, Name, Partition, Sha256
from flashyard.contract.plans import (
    MAX_REQUIREMENTS,
    MAX_STEPS,
    FlashPlan,
    PlannedStep,
    Requirement,
)
from flashyard_bridge.errors import reject, reject_all
from flashyard_bridge.rest.body import KeyedObject

DEFAULT_PARTITION = "system"
DEFAULT_SIZE = 4 * 1024**3
_SAFE_INTEGER = 2**53 - 1
_EXAMPLE = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_SHA256 = re.compile(r"[0-9a-f]{64}")

# No control characters: a name ends up on terminals.
PlainName = Annotated[Name, Field(pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]
IdempotencyKey = Annotated[str, Field(pattern=r"^[!-~]{1,200}$")]


class StartRequest(Model):
    """The fields of `POST /api/flash/start`; null is absent, what is unknown is set aside."""

    model_config = ConfigDict(extra="allow", populate_by_name=False)

    device_id: DeviceId
    hub_id: HubId | None = None
    device_name: PlainName | None = Field(
        None, description="default, also for an empty one: the hub's name for the device"
    )
    partition: Partition | None = Field(
        None, description=f"default `{DEFAULT_PARTITION}`, where no image is given"
    )
    image: Annotated[str, Field(max_length=2000)] | None = Field(
        None, description="a stored image's sha256; required for a real device"
    )
    sha256: Sha256 | None = Field(None, description="if given, that of `image`")
    image_size: Annotated[int, Field(ge=1, le=_SAFE_INTEGER)] | None = Field(
        None, description=f"bytes to generate where no image is given, default {DEFAULT_SIZE}"
    )
    partitions: Annotated[list[PlannedStep], Field(min_length=1, max_length=MAX_STEPS)] | None = (
        Field(None, description="instead of `partition` and `image`: one job, several steps")
    )
    requirements: Annotated[list[Requirement], Field(max_length=MAX_REQUIREMENTS)] = Field(
        [], description="with `partitions`: what the device must say of itself"
    )
    verify: Literal["none", "image", "readback", "booted"] = Field(
        "image",
        description="`readback`: where the device can be read; `booted`: it has to come back",
    )
    slot: Literal["active", "inactive", "a", "b"] = Field(
        "active", description="of a device with two; `inactive` is written whole, then active"
    )
    reboot: bool = True
    erase: bool = False
    wipe: bool = Field(default=False, description="erase the user's data, too")
    allow_dangerous: bool = Field(
        default=False, description="also partitions a device may not survive being written"
    )
    idempotency_key: IdempotencyKey | None = None
    rollback: Literal["none", "slot", "last-good"] = Field(
        "none",
        description="if it fails: `slot`, back to the slot that was active; `last-good`, back to "
        "the images that last completed on this device",
    )
    priority: Priority = Field(5, description="9 goes first among those that wait for a device")
    bandwidth_limit: Rate | None = Field(None, description="bytes per second")
    not_before: Millis | None = Field(
        None, description="Unix ms, at most a year from now; a time that is past is now"
    )
    wait_for_device: bool = Field(
        default=False, description="take the job though the device is not there, if its hub is"
    )

    _inside: list[str] = PrivateAttr(default_factory=list)

    @property
    def ignored(self) -> list[str]:
        """The names that mean nothing to us, also within steps: ``partitions.0.name``."""
        return [*(self.model_extra or ()), *self._inside]

    @property
    def plan(self) -> FlashPlan | None:
        """The steps asked for, where there are several."""
        if self.partitions is None:
            return None
        steps, requirements = tuple(self.partitions), tuple(self.requirements)
        return FlashPlan(partitions=steps, requirements=requirements)


def judge(body: dict[str, Any]) -> StartRequest:
    """Judge a start's body.

    Raises:
        RequestError: `invalid_request` or `not_supported`, naming the field.
    """
    try:
        request = StartRequest.model_validate(body)
    except ValidationError as error:
        raise reject_all(error.errors(include_url=False, include_input=False)) from error
    request._inside.extend(_unknown(body))  # noqa: SLF001 - ours
    _judge_image(request)
    _judge_partitions(request)
    if request.verify == "booted" and not request.reboot:
        raise reject(Code.INVALID_REQUEST, "verify", "cannot be `booted` without a restart.")
    return request


def _unknown(body: dict[str, Any]) -> Iterator[str]:
    """Name what is not known of a valid body's steps and requirements."""
    for name, model in (("partitions", PlannedStep), ("requirements", Requirement)):
        known = {field.alias for field in model.model_fields.values()}
        for number, each in enumerate(body.get(name) or ()):
            yield from (f"{name}.{number}.{key}" for key in each if key not in known)


def _judge_image(request: StartRequest) -> None:
    if request.image is None:
        if request.sha256 is not None:
            raise reject(Code.NOT_SUPPORTED, "sha256", "without `image` is not supported yet.")
    elif request.image.startswith("https://"):
        raise reject(Code.NOT_SUPPORTED, "image", "cannot be a URL yet; upload the image.")
    elif not _SHA256.fullmatch(request.image):
        raise reject(Code.INVALID_REQUEST, "image", "is not the sha256 of a stored image.")
    elif request.sha256 not in {None, request.image}:
        raise reject(Code.INVALID_REQUEST, "sha256", "is not that of `image`.")


def _judge_partitions(request: StartRequest) -> None:
    if request.partitions is None:
        if request.requirements:
            raise reject(Code.INVALID_REQUEST, "requirements", "go with `partitions` alone.")
        return
    for name in ("partition", "image", "sha256", "image_size"):
        if getattr(request, name) is not None:
            alias = str(StartRequest.model_fields[name].alias)
            raise reject(Code.INVALID_REQUEST, alias, "contradicts `partitions`; leave it out.")
    places = [(step.partition, step.slot) for step in request.partitions]
    if twice := next((place[0] for place in places if places.count(place) > 1), None):
        raise reject(Code.INVALID_REQUEST, "partitions", f"names {twice} twice.")
    for step in request.partitions:
        if step.method == "update-super" and step.partition != "super":
            why = f"has `update-super` for {step.partition}; it goes with `super` alone."
            raise reject(Code.INVALID_REQUEST, "partitions", why)


async def start_request(body: KeyedObject) -> StartRequest:
    """Judge a start's body, its ``Idempotency-Key`` included.

    Raises:
        FaultError: the body is not one of ours.
    """
    return judge(body)


def start_schema() -> dict[str, Any]:
    """Describe the body for OpenAPI; we read it ourselves, so the framework cannot."""
    schema = StartRequest.model_json_schema(ref_template="{model}")
    schema = spelled_out(schema, schema.pop("$defs"))
    return {
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": schema,
                    "examples": {
                        "generated": {
                            "summary": "Generated bytes to an emulated device",
                            "value": {"deviceId": "PIXEL6_001", "partition": "system"},
                        },
                        "several": {
                            "summary": "Several partitions in one job",
                            "value": {
                                "deviceId": "PIXEL6_001",
                                "partitions": [
                                    {"partition": "boot", "image": _EXAMPLE},
                                    {"partition": "system", "image": _EXAMPLE},
                                ],
                                "requirements": [{"variable": "product", "values": ["oriole"]}],
                                "slot": "inactive",
                            },
                        },
                        "image": {
                            "summary": "A stored image",
                            "value": {
                                "deviceId": "PIXEL6_001",
                                "partition": "boot",
                                "image": _EXAMPLE,
                            },
                        },
                    },
                }
            },
        }
    }


def spelled_out(schema: Any, models: dict[str, Any]) -> Any:
    """Put each model where it is named: the document has only those the framework has seen."""
    if isinstance(schema, list):
        return [spelled_out(each, models) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return spelled_out(models[schema["$ref"]], models)
    return {name: spelled_out(each, models) for name, each in schema.items()}
