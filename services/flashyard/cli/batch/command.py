"""`flashyard batch`: the commands and their options; `work` has the work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

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

if TYPE_CHECKING:
    from flashyard.settings import ClientSettings

batch = typer.Typer(name="batch")
_LIMITS = "Its limits"

Named = Annotated[
    str, typer.Argument(metavar="BATCH", help="Its id, or its name: the newest that has it.")
]


@batch.callback(invoke_without_command=True)
def about(ctx: typer.Context) -> None:
    """Flash the same to many devices, so many at a time, as one thing with an end."""
    if ctx.invoked_subcommand is None:
        typer.echo(ctx.get_help())


@batch.command()
def start(
    ctx: typer.Context,
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="DEVICES WHAT",
            help="DEVICES: names with commas, or a glob; left out with --all. "
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
    name: Annotated[str | None, typer.Option(metavar="NAME", help="What to call it.")] = None,
    max_parallel: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=1, help="Jobs at once (default: all).", rich_help_panel=_LIMITS
        ),
    ] = None,
    max_failures: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=0,
            help="More failed devices than this stop it (default: none does).",
            rich_help_panel=_LIMITS,
        ),
    ] = None,
    max_failure_percent: Annotated[
        float | None,
        typer.Option(
            metavar="P",
            min=0,
            max=99.9,
            help="The same, in percent of all its devices.",
            rich_help_panel=_LIMITS,
        ),
    ] = None,
    stop_on_error: Annotated[
        bool,
        typer.Option(
            "--stop-on-error", help="The first failure stops it.", rich_help_panel=_LIMITS
        ),
    ] = False,
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
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the plan and do nothing.")
    ] = False,
    detach: Annotated[
        bool, typer.Option("--detach", help="Start it, print its id, and go.")
    ] = False,
    yes: Yes = False,
    url: Url = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> int:
    """Flash the same to many devices, and watch it; it goes on by itself.

    WHAT is PARTITION IMAGE, or PARTITION=IMAGE for each of several partitions,
    or a factory image: the vendor's ZIP, or a directory of images.

    All devices must be there and able to take it, or nothing is started.
    Exit status: 0 if all were completed, 5 if some were not, 3 if cancelled, else the failure's.
    """
    import asyncio

    from flashyard.cli.batch.work import Terms, run
    from flashyard.cli.wish import Manner, Wish, understood

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
    )
    terms = Terms(
        name=name,
        max_parallel=max_parallel,
        max_failures=max_failures,
        max_failure_percent=max_failure_percent,
        stop_on_error=stop_on_error,
    )
    manner = Manner(dry_run=dry_run, detach=detach, yes=yes, json=json)
    return asyncio.run(run(client_settings(ctx, url, token_file), wish, terms, manner))


@batch.command("list")
def list_(
    ctx: typer.Context,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Ended ones, too.")] = False,
    url: Url = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> None:
    """List the batches under way, the newest first."""
    import asyncio

    from flashyard.cli.listing import show
    from flashyard.cli.ls import What

    settings = client_settings(ctx, url, token_file)
    asyncio.run(show(settings, What.BATCHES, everything=everything, json=json))


@batch.command()
def show(
    ctx: typer.Context,
    named: Named,
    *,
    url: Url = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> None:
    """Tell all of one, and how far each of its devices is."""
    import asyncio

    from flashyard.cli.batch.work import print_one

    asyncio.run(print_one(client_settings(ctx, url, token_file), named, json=json))


@batch.command()
def watch(
    ctx: typer.Context,
    named: Named,
    *,
    url: Url = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> int:
    """Follow one to its end; the exit status is that of `batch start`."""
    import asyncio

    from flashyard.cli.batch.work import follow

    return asyncio.run(follow(client_settings(ctx, url, token_file), named, json=json))


@batch.command()
def cancel(
    ctx: typer.Context,
    named: Named,
    *,
    url: Url = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> None:
    """Cancel one: skip what waits, and end what runs at its next safe point."""
    _steer(client_settings(ctx, url, token_file), "cancel", named, json=json)


@batch.command()
def pause(
    ctx: typer.Context,
    named: Named,
    *,
    url: Url = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> None:
    """Have one start nothing more; what runs goes on."""
    _steer(client_settings(ctx, url, token_file), "pause", named, json=json)


@batch.command()
def resume(
    ctx: typer.Context,
    named: Named,
    *,
    url: Url = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> None:
    """Have one go on starting its devices."""
    _steer(client_settings(ctx, url, token_file), "resume", named, json=json)


def _steer(
    settings: ClientSettings, verb: Literal["cancel", "pause", "resume"], named: str, *, json: bool
) -> None:
    import asyncio

    from flashyard.cli.batch.work import steer

    asyncio.run(steer(settings, verb, named, json=json))
