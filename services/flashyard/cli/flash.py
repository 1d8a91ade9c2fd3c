"""`flashyard flash`: the command and its options; `flashing` has the work."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flashyard.cli.invocation import Invocation
from flashyard.cli.options import Json, TokenFile, Url
from flashyard.contract.faults import Code, refuse

_PLAN = "The plan"


def flash(
    ctx: typer.Context,
    first: Annotated[
        str,
        typer.Argument(
            metavar="DEVICES", help="A name, names with commas, or a glob; left out with --all."
        ),
    ],
    second: Annotated[str, typer.Argument(metavar="PARTITION", help="Such as boot or system.")],
    third: Annotated[
        str | None,
        typer.Argument(metavar="IMAGE", help="Raw or Android sparse; also as gz, xz, zst or zip."),
    ] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Flash every online device.")] = False,
    hub: Annotated[str | None, typer.Option(metavar="ID", help="On this hub only.")] = None,
    slot: Annotated[
        str | None,
        typer.Option(
            metavar="SLOT", help="active, a or b (default: active).", rich_help_panel=_PLAN
        ),
    ] = None,
    verify: Annotated[
        str | None,
        typer.Option(
            metavar="HOW",
            help="none, image or readback, where the device can (default: image).",
            rich_help_panel=_PLAN,
        ),
    ] = None,
    erase: Annotated[
        bool,
        typer.Option("--erase", help="Erase the partition first.", rich_help_panel=_PLAN),
    ] = False,
    as_is: Annotated[
        bool,
        typer.Option(
            "--as-is",
            help="Write a compressed file itself, not what is inside.",
            rich_help_panel=_PLAN,
        ),
    ] = False,
    no_reboot: Annotated[
        bool,
        typer.Option(
            "--no-reboot", help="Leave the device in its bootloader.", rich_help_panel=_PLAN
        ),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the plan and do nothing.")
    ] = False,
    detach: Annotated[
        bool, typer.Option("--detach", help="Start the jobs, print their ids, and go.")
    ] = False,
    yes: Annotated[
        bool,
        typer.Option("--yes", "-y", help="Do not ask before real devices; needed off a terminal."),
    ] = False,
    url: Url = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> int:
    """Flash an image to devices, and watch it.

    The image goes into the bridge's store unless it is there already; each device is one job.
    Exit status: 0 if all were completed, 5 if some were not, 3 if cancelled, else the failure's.
    """
    import asyncio

    from flashyard.cli.flashing import Manner, Wish, run
    from flashyard.settings import ClientSettings

    said: Invocation = ctx.obj
    settings = said.settings(ClientSettings, url=url, token_file=token_file)
    devices, partition, image = _told(first, second, third, everything=everything)
    wish = Wish(
        devices=devices,
        hub_id=hub,
        partition=partition,
        image=Path(image),
        slot=slot,
        verify=verify,
        erase=erase,
        reboot=not no_reboot,
        as_is=as_is,
    )
    manner = Manner(dry_run=dry_run, detach=detach, yes=yes, json=json)
    return asyncio.run(run(settings, wish, manner))


def _told(
    first: str, second: str, third: str | None, *, everything: bool
) -> tuple[str | None, str, str]:
    """Sort the arguments: devices (None: all), partition, image."""
    if everything and third is None:
        return None, first, second
    if not everything and third is not None:
        return first, second, third
    raise refuse(
        Code.INVALID_REQUEST,
        "It is either DEVICES PARTITION IMAGE, or --all PARTITION IMAGE.",
        hint="`flashyard flash --help` has more.",
    )
