"""Which ended jobs a request means: the parameters of all that the history is asked for."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Query

from flashyard.contract.faults import Code
from flashyard.contract.model import DeviceId, HubId, Millis, Name, Partition, Sha256
from flashyard_bridge.history.sought import FOREVER, Sought, words_of
from flashyard_bridge.rest.narrowing import Narrowing


class SoughtQuery(Narrowing):
    """What narrows the history; `q` is looked for in ids, names and the error."""

    device_id: DeviceId | None = None
    serial: Name | None = None
    hub_id: HubId | None = None
    port: Name | None = None
    status: Literal["completed", "failed", "cancelled"] | None = None
    code: Annotated[Code | None, Query(strict=False, description="the fault it failed with")] = None
    partition: Annotated[Partition | None, Query(description="of any of its steps")] = None
    image: Annotated[Sha256 | None, Query(description="the sha256 of an image that it wrote")] = (
        None
    )
    since: Annotated[Millis, Query(strict=False, description="Unix ms; ended then or later")] = 0
    until: Annotated[Millis, Query(strict=False, description="Unix ms; ended before")] = FOREVER
    q: Annotated[
        str,
        Query(
            max_length=200,
            description="words, all of which it mentions, in any case: parts of its id, of the "
            "device's id, name or serial, of a partition, the image's name or the error",
        ),
    ] = ""

    @property
    def sought(self) -> Sought:
        """What is meant."""
        return Sought(
            device_id=self.device_id,
            serial=self.serial,
            hub_id=self.hub_id,
            port=self.port,
            status=self.status,
            code=self.code,
            partition=self.partition,
            image=self.image,
            since=self.since,
            until=self.until,
            words=words_of(self.q),
        )
