"""`flashyard history`: the commands and their options; `work` has the work."""

from __future__ import annotations

from typing import Annotated

import typer

from flashyard.cli.history import options
from flashyard.cli.history.audit import audit
from flashyard.cli.history.stats import stats
from flashyard.cli.invocation import client_settings
from flashyard.cli.options import Json, TokenFile, Url

history = typer.Typer(name="history")


@history.callback(invoke_without_command=True)
def list_(
    ctx: typer.Context,
    *,
    device: options.Device = None,
    serial: options.Serial = None,
    hub: options.Hub = None,
    port: options.Port = None,
    status: options.Status = None,
    code: options.FaultCode = None,
    partition: options.Partition = None,
    image: options.Image = None,
    since: options.Since = None,
    until: options.Until = None,
    find: options.Find = None,
    limit: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="The newest N (default: 50; of an export all)."),
    ] = None,
    csv: Annotated[bool, typer.Option("--csv", help="Print all of it as CSV.")] = False,
    json: Json = False,
    url: Url = None,
    token_file: TokenFile = None,
) -> None:
    """List the jobs that ended, the newest first, or tell more of them."""
    if ctx.invoked_subcommand is not None:
        options.refuse_unheeded(ctx)
        return
    options.refuse_two_forms(csv=csv, json=json)
    import asyncio

    from flashyard.cli.history.sought import Sought
    from flashyard.cli.history.work import export, print_newest

    sought = Sought(
        device=device,
        serial=serial,
        hub=hub,
        port=port,
        status=status,
        code=code,
        partition=partition,
        image=image,
        since=since,
        until=until,
        find=find,
    )
    settings = client_settings(ctx, url, token_file)
    if csv or json:
        asyncio.run(export(settings, sought, "csv" if csv else "jsonl", limit))
    else:
        asyncio.run(print_newest(settings, sought, limit))


@history.command()
def show(
    ctx: typer.Context,
    job: Annotated[str, typer.Argument(metavar="JOB", help="Its id.")],
    *,
    url: Url = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> None:
    """Tell all that is on record of one, and the end of its log."""
    import asyncio

    from flashyard.cli.history.work import print_one

    asyncio.run(print_one(client_settings(ctx, url, token_file), job, json=json))


history.command()(stats)
history.command()(audit)
