"""`flashyard flash`: the command and its options; `flashing` has the work."""

from __future__ import annotations

from typing import Annotated

import typer

from flashyard.cli.invocation import client_settings
from flashyard.cli.options import Json, TokenFile, Url
from flashyard.cli.plan_options import (
    AllowDangerous,
    AsIs,
    BlockMap,
    Erase,
    NoBlockMap,
    NoReboot,
    Only,
    Rollback,
    Skip,
    Slot,
    Verify,
    Wipe,
    Yes,
)
from flashyard.cli.turn_options import BandwidthLimit, NotBefore, Priority, WaitForDevice


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
    slot: Slot = None,
    verify: Verify = None,
    rollback: Rollback = None,
    erase: Erase = False,
    wipe: Wipe = False,
    skip: Skip = None,
    only: Only = None,
    allow_dangerous: AllowDangerous = False,
    as_is: AsIs = False,
    bmap: BlockMap = None,
    no_bmap: NoBlockMap = False,
    no_reboot: NoReboot = False,
    priority: Priority = None,
    bandwidth_limit: BandwidthLimit = None,
    not_before: NotBefore = None,
    wait_for_device: WaitForDevice = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the plan and do nothing.")
    ] = False,
    detach: Annotated[
        bool, typer.Option("--detach", help="Start the jobs, print their ids, and go.")
    ] = False,
    yes: Yes = False,
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
    from flashyard.cli.turn import turn
    from flashyard.cli.wish import Manner, Wish, understood

    settings = client_settings(ctx, url, token_file)
    meant = understood(words, everything=everything, skip=skip or (), only=only or ())
    wish = Wish(
        devices=meant.devices,
        disks=disks,
        hub_id=hub,
        what=meant.what,
        slot=slot,
        verify=verify,
        rollback=rollback,
        erase=erase,
        wipe=wipe,
        reboot=not no_reboot,
        as_is=as_is,
        bmap=bmap,
        no_bmap=no_bmap,
        allow_dangerous=allow_dangerous,
        turn=turn(priority, bandwidth_limit, not_before, wait=wait_for_device),
    )
    manner = Manner(dry_run=dry_run, detach=detach, yes=yes, json=json)
    return asyncio.run(run(settings, wish, manner))
