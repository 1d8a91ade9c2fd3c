"""How devices are to be flashed: the options that `flash` and `standing add` share."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

_plan = partial(typer.Option, rich_help_panel="The plan")

Slot = Annotated[
    str | None, _plan(metavar="SLOT", help="active, inactive, a or b (default: active).")
]
Verify = Annotated[
    str | None,
    _plan(
        metavar="HOW",
        help="none, image, readback, where the device can, or booted: it has to come back "
        "after the restart (default: image).",
    ),
]
Erase = Annotated[bool, _plan("--erase", help="Erase the partition first.")]
Wipe = Annotated[bool, _plan("--wipe", help="Erase the user's data, too.")]
Rollback = Annotated[
    str | None,
    _plan(
        metavar="HOW",
        help="If it fails, once: slot, back to the slot that is active now; or last-good, back to "
        "the images that last completed on the device (default: none).",
    ),
]
Skip = Annotated[
    list[str] | None,
    _plan(metavar="PARTITION", help="Of a factory image, all but this; may be repeated."),
]
Only = Annotated[
    list[str] | None,
    _plan(metavar="PARTITION", help="Of a factory image, this alone; may be repeated."),
]
AllowDangerous = Annotated[
    bool,
    _plan(
        "--allow-dangerous",
        help="Also write partitions a device may not survive being written, "
        "such as a factory image's bootloader.",
    ),
]
AsIs = Annotated[bool, _plan("--as-is", help="Write a compressed file itself, not what is inside.")]
BlockMap = Annotated[
    Path | None,
    _plan(
        "--bmap",
        metavar="FILE",
        help="Write only what this block map covers (default: the one beside the image).",
    ),
]
NoBlockMap = Annotated[bool, _plan("--no-bmap", help="Write all of the image, map or not.")]
NoReboot = Annotated[bool, _plan("--no-reboot", help="Leave the device in its bootloader.")]
Yes = Annotated[
    bool,
    typer.Option("--yes", "-y", help="Do not ask before real devices; needed off a terminal."),
]
