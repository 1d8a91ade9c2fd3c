"""`flashyard flash`: the command and its options; `flashing` has the work."""

from __future__ import annotations

from typing import Annotated

import typer

from flashyard.cli.invocation import Invocation
from flashyard.cli.options import BlockMap, Json, NoBlockMap, TokenFile, Url

_PLAN = "The plan"


def flash(
    ctx: typer.Context,
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="DEVICES WHAT",
            help="DEVICES: a name, names with commas, or a glob; left out with --all. "
            "An IMAGE is raw or Android sparse; also as gz, xz, zst or zip.",
            show_default=False,
        ),
    ],
    *,
    everything: Annotated[bool, typer.Option("--all", help="Flash every online device.")] = False,
    disks: Annotated[
        bool, typer.Option("--disks", help="Have --all and globs mean disks, too.")
    ] = False,
    hub: Annotated[str | None, typer.Option(metavar="ID", help="On this hub only.")] = None,
    slot: Annotated[
        str | None,
        typer.Option(
            metavar="SLOT",
            help="active, inactive, a or b (default: active).",
            rich_help_panel=_PLAN,
        ),
    ] = None,
    verify: Annotated[
        str | None,
        typer.Option(
            metavar="HOW",
            help="none, image, readback, where the device can, or booted: it has to come back "
            "after the restart (default: image).",
            rich_help_panel=_PLAN,
        ),
    ] = None,
    erase: Annotated[
        bool,
        typer.Option("--erase", help="Erase the partition first.", rich_help_panel=_PLAN),
    ] = False,
    wipe: Annotated[
        bool,
        typer.Option("--wipe", help="Erase the user's data, too.", rich_help_panel=_PLAN),
    ] = False,
    skip: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PARTITION",
            help="Of a factory image, all but this; may be repeated.",
            rich_help_panel=_PLAN,
        ),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PARTITION",
            help="Of a factory image, this alone; may be repeated.",
            rich_help_panel=_PLAN,
        ),
    ] = None,
    allow_dangerous: Annotated[
        bool,
        typer.Option(
            "--allow-dangerous",
            help="Also write partitions a device may not survive being written, "
            "such as a factory image's bootloader.",
            rich_help_panel=_PLAN,
        ),
    ] = False,
    as_is: Annotated[
        bool,
        typer.Option(
            "--as-is",
            help="Write a compressed file itself, not what is inside.",
            rich_help_panel=_PLAN,
        ),
    ] = False,
    bmap: BlockMap = None,
    no_bmap: NoBlockMap = False,
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
    """Flash images to devices, and watch it.

    WHAT is PARTITION IMAGE, or PARTITION=IMAGE for each of several partitions,
    or a factory image: the vendor's ZIP, or a directory of images.

    The images go into the bridge's store unless they are there already; each device is one job.
    Exit status: 0 if all were completed, 5 if some were not, 3 if cancelled, else the failure's.
    """
    import asyncio

    from flashyard.cli.flashing import run
    from flashyard.cli.wish import Manner, Wish, understood
    from flashyard.settings import ClientSettings

    said: Invocation = ctx.obj
    settings = said.settings(ClientSettings, url=url, token_file=token_file)
    meant = understood(words, everything=everything, skip=skip or (), only=only or ())
    wish = Wish(
        devices=meant.devices,
        disks=disks,
        hub_id=hub,
        what=meant.what,
        slot=slot,
        verify=verify,
        erase=erase,
        wipe=wipe,
        reboot=not no_reboot,
        as_is=as_is,
        bmap=bmap,
        no_bmap=no_bmap,
        allow_dangerous=allow_dangerous,
    )
    manner = Manner(dry_run=dry_run, detach=detach, yes=yes, json=json)
    return asyncio.run(run(settings, wish, manner))
