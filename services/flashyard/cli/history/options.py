"""The options that say which ended jobs are meant, for all commands of the history."""

from __future__ import annotations

from enum import StrEnum
from functools import partial
from typing import Annotated

import typer

_SAID = "COMMANDLINE"  # a parameter's source; typer does not tell where its kinds are to be had
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


def refuse_unheeded(ctx: typer.Context) -> None:
    """Refuse options in front of a subcommand: it has its own, and these would mean nothing.

    Raises:
        BadParameter: there are some.
    """
    given = [
        option.opts[0]
        for option in ctx.command.params
        if option.name and str(ctx.get_parameter_source(option.name)).endswith(_SAID)
    ]
    if given:
        command = ctx.invoked_subcommand
        raise typer.BadParameter(f"{' and '.join(given)} must stand behind `{command}`.")


def refuse_two_forms(*, csv: bool, json: bool) -> None:
    """Refuse to print two forms at once.

    Raises:
        BadParameter: both are asked for.
    """
    if csv and json:
        raise typer.BadParameter("--csv and --json contradict each other.")
