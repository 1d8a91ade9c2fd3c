"""What may be changed while it is there: of a job, a device, a hub. Knows the fields, no order."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from pydantic import ConfigDict, Field, ValidationError

from flashyard.contract.limits import Parallel, Priority, Rate
from flashyard.contract.model import Model
from flashyard_bridge.errors import reject_all
from flashyard_bridge.rest.body import read_members


class Change(Model):
    """What is absent stays; a limit that is null is lifted; what is unknown is set aside."""

    model_config = ConfigDict(extra="allow", populate_by_name=False)


class JobChange(Change):
    """The fields of `PATCH /api/flash/job/{jobId}`."""

    priority: Priority | None = Field(None, description="9 goes first among those that wait")
    bandwidth_limit: Rate | None = Field(None, description="bytes per second; null: none")


class DeviceChange(Change):
    """The fields of `PATCH /api/devices/{deviceId}`."""

    bandwidth_limit: Rate | None = Field(None, description="bytes per second; null: none")


class HubChange(Change):
    """The fields of `PATCH /api/hubs/{hubId}`."""

    max_parallel: Parallel | None = Field(None, description="jobs at once, over all devices")
    bandwidth_limit: Rate | None = Field(
        None, description="bytes per second, to all its devices together; null: none"
    )
    download_limit: Rate | None = Field(
        None, description="bytes per second, of the images it fetches; null: none"
    )


@dataclass(frozen=True, slots=True)
class Wanted:
    """``limits``: fields of a limits order; ``ignored``: the names that mean nothing to us."""

    limits: dict[str, int]
    ignored: tuple[str, ...]


def wanted(shape: type[Change]) -> Callable[[Request], Awaitable[Wanted]]:
    """Make the dependency that reads and judges a body of this shape.

    It raises `invalid_request`, naming the field.
    """

    async def read(request: Request) -> Wanted:
        body = await read_members(request)
        try:
            change = shape.model_validate(body)
        except ValidationError as error:
            raise reject_all(error.errors(include_url=False, include_input=False)) from error
        given = {name: getattr(change, name) for name in change.model_fields_set}
        given = {name: value for name, value in given.items() if name in shape.model_fields}
        lifted = {name: 0 for name, rate in given.items() if rate is None and "limit" in name}
        limits = {name: value for name, value in given.items() if value is not None}
        return Wanted(limits | lifted, tuple(change.model_extra or ()))

    return read


def change_schema(shape: type[Change]) -> dict[str, Any]:
    """Describe the body for OpenAPI; we read it ourselves, so the framework cannot."""
    schema = shape.model_json_schema(ref_template="{model}")
    return {
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": schema}},
        }
    }
