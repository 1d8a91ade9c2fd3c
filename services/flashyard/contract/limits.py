"""How much at once and how fast: what hubs, devices and jobs are held to."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from flashyard.contract.model import Count, Model

MAX_QUEUE = 50
_SAFE_INTEGER = 2**53 - 1

Rate = Annotated[int, Field(ge=1, le=_SAFE_INTEGER)]  # bytes per second
NewRate = Annotated[int, Field(ge=0, le=_SAFE_INTEGER)]  # the same; 0 lifts the limit
Parallel = Annotated[int, Field(ge=1, le=1000)]  # jobs at once
Priority = Annotated[int, Field(ge=0, le=9)]  # 9 goes first


class Limits(Model):
    """What a hub takes on: jobs at once over all devices, and jobs waiting per device.

    ``bandwidth_limit``: of all that is sent to its devices together; ``download_limit``: of the
    images it fetches. Bytes per second; absent: as fast as it goes.
    """

    max_parallel: Count
    max_queue: Count = MAX_QUEUE
    bandwidth_limit: Rate | None = None
    download_limit: Rate | None = None
