"""When a job's turn comes: the options of `flash` for it."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

_turn = partial(typer.Option, rich_help_panel="Its turn")

Priority = Annotated[
    int | None,
    _turn(metavar="N", min=0, max=9, help="9 goes first among those that wait (default: 5)."),
]
BandwidthLimit = Annotated[
    str | None,
    _turn(metavar="RATE", help="Send each device no faster than this, such as 20MB a second."),
]
NotBefore = Annotated[
    str | None,
    _turn(metavar="TIME", help="Begin then: +10m, 22:30 or 2026-11-24T06:00."),
]
WaitForDevice = Annotated[
    bool,
    _turn("--wait-for-device", help="Begin once a device that is named, and not there, is."),
]
