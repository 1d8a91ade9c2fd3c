"""The options that say which ended jobs are meant, for all commands of the history."""

from __future__ import annotations

from enum import StrEnum
from functools import partial
from typing import Annotated

import typer

_which = partial(typer.Option, rich_help_panel="Which jobs")


class Ended(StrEnum):
    """How a job can have ended."""

    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


Device = Annotated[str | None, _which("--device", metavar="ID", help="Of this device.")]
Serial = Annotated[str | None, _which("--serial", metavar="SERIAL", help="Of this serial number.")]
Hub = Annotated[str | None, _which("--hub", metavar="ID", help="On this hub.")]
Port = Annotated[str | None, _which("--port", metavar="PORT", help="At this port.")]
Status = Annotated[Ended | None, _which("--status", help="That ended so.")]
FaultCode = Annotated[
    str | None, _which("--code", metavar="CODE", help="That failed with this fault.")
]
Partition = Annotated[
    str | None, _which("--partition", metavar="NAME", help="With a step to this partition.")
]
Image = Annotated[
    str | None,
    _which("--image", metavar="SHA256", help="That wrote this image; of a stored one the start."),
]
Since = Annotated[
    str | None,
    _which(
        "--since",
        metavar="WHEN",
        help="Ended then or later: 2h and 1d12h are so long ago, 06:00 the last such, "
        "2026-11-24 a day's begin.",
    ),
]
Until = Annotated[str | None, _which("--until", metavar="WHEN", help="Ended before.")]
Find = Annotated[
    str | None,
    _which(
        "--find",
        metavar="WORDS",
        help="That mention all of these, in any case: in device, image, partition, error or id.",
    ),
]
