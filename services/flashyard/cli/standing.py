"""`flashyard standing`: the commands and their options; `standing_work` has the work."""

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

standing = typer.Typer(name="standing")
_WHERE, _LIMITS = "Which devices", "When it stops itself"

Order = Annotated[str, typer.Argument(metavar="ORDER", help="Its name, or its id.")]


@standing.callback(invoke_without_command=True)
def about(ctx: typer.Context) -> None:
    """Flash whatever is plugged in, once per serial: standing orders."""
    if ctx.invoked_subcommand is None:
        typer.echo(ctx.get_help())


@standing.command()
def add(
    ctx: typer.Context,
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="DEVICES WHAT",
            help="DEVICES: a name or a glob; '*' is whatever there is. "
            "An IMAGE is raw or Android sparse; also as gz, xz, zst or zip.",
            show_default=False,
        ),
    ],
    *,
    name: Annotated[str | None, typer.Option(metavar="NAME", help="What to call it.")] = None,
    hub: Annotated[
        str | None, typer.Option(metavar="ID", help="On this hub.", rich_help_panel=_WHERE)
    ] = None,
    port: Annotated[
        str | None,
        typer.Option(metavar="GLOB", help="At such ports.", rich_help_panel=_WHERE),
    ] = None,
    product: Annotated[
        str | None, typer.Option(metavar="GLOB", help="Of such a product.", rich_help_panel=_WHERE)
    ] = None,
    emulated: Annotated[
        bool | None,
        typer.Option(
            "--emulated/--real", help="Of one kind alone (default: both).", rich_help_panel=_WHERE
        ),
    ] = None,
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
    stop_after: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=1, help="Failures in a row (default: 3).", rich_help_panel=_LIMITS
        ),
    ] = None,
    max_devices: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=1, help="Devices flashed (default: any).", rich_help_panel=_LIMITS
        ),
    ] = None,
    start: Annotated[bool, typer.Option("--start", help="Start it at once.")] = False,
    yes: Yes = False,
    url: Url = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> int:
    """Make a standing order; it does nothing until it is started.

    WHAT is PARTITION IMAGE, or PARTITION=IMAGE for each of several partitions,
    or a factory image: the vendor's ZIP, or a directory of images.

    The images go into the bridge's store unless they are there already.
    """
    import asyncio

    from flashyard.cli.standing_work import Terms, make
    from flashyard.cli.wish import Wish, understood

    meant = understood(words, everything=False, skip=skip or (), only=only or ())
    wish = Wish(
        devices=meant.devices,
        disks=False,
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
        where={"port": port, "product": product, "emulated": emulated},
        stop_after=stop_after,
        max_devices=max_devices,
    )
    settings = client_settings(ctx, url, token_file)
    return asyncio.run(make(settings, wish, terms, start=start, yes=yes, json=json))


@standing.command("list")
def list_(
    ctx: typer.Context, *, url: Url = None, token_file: TokenFile = None, json: Json = False
) -> None:
    """List the standing orders: a device is under the first that is on and means it."""
    import asyncio

    from flashyard.cli.standing_work import print_all

    asyncio.run(print_all(client_settings(ctx, url, token_file), json=json))


@standing.command()
def show(
    ctx: typer.Context,
    order: Order,
    *,
    url: Url = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> None:
    """Tell all of one, and how the devices stand that are under it."""
    import asyncio

    from flashyard.cli.standing_work import print_one

    asyncio.run(print_one(client_settings(ctx, url, token_file), order, json=json))


@standing.command()
def start(
    ctx: typer.Context,
    order: Order,
    *,
    yes: Yes = False,
    url: Url = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> int:
    """Start one: what it means is flashed from now on, and what failed may be tried again."""
    import asyncio

    from flashyard.cli.standing_work import switch_on

    settings = client_settings(ctx, url, token_file)
    return asyncio.run(switch_on(settings, order, yes=yes, json=json))


@standing.command()
def stop(
    ctx: typer.Context,
    order: Order,
    *,
    url: Url = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> None:
    """Stop one; jobs that run go on, and what it flashed it remembers."""
    import asyncio

    from flashyard.cli.standing_work import switch_off

    asyncio.run(switch_off(client_settings(ctx, url, token_file), order, json=json))


@standing.command()
def remove(
    ctx: typer.Context, order: Order, *, url: Url = None, token_file: TokenFile = None
) -> None:
    """Remove one, and what it remembers."""
    import asyncio

    from flashyard.cli.standing_work import drop

    asyncio.run(drop(client_settings(ctx, url, token_file), order))
