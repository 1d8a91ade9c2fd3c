"""`flashyard history audit`: who asked for what, and what came of it."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from flashyard.cli.history.options import refuse_two_forms
from flashyard.cli.invocation import client_settings
from flashyard.cli.options import Json, TokenFile, Url

_which = partial(typer.Option, rich_help_panel="Which lines")


def audit(
    ctx: typer.Context,
    *,
    job: Annotated[
        str | None, _which("--job", metavar="ID", help="Of this job, from its start to its end.")
    ] = None,
    device: Annotated[str | None, _which("--device", metavar="ID", help="Of this device.")] = None,
    hub: Annotated[str | None, _which("--hub", metavar="ID", help="On this hub.")] = None,
    subject: Annotated[
        str | None,
        _which("--subject", metavar="ID", help="Of this batch, standing order or image."),
    ] = None,
    by: Annotated[
        str | None, _which("--by", metavar="NAME", help="Of whoever showed this one's token.")
    ] = None,
    action: Annotated[
        str | None, _which("--action", metavar="WORD", help="Such as start or delete_image.")
    ] = None,
    outcome: Annotated[
        str | None,
        _which("--outcome", metavar="WORD", help="accepted or refused; or how a job ended."),
    ] = None,
    since: Annotated[
        str | None, _which("--since", metavar="WHEN", help="Then or later, as of the history.")
    ] = None,
    until: Annotated[str | None, _which("--until", metavar="WHEN", help="Before.")] = None,
    limit: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="The newest N (default: 50; of an export all)."),
    ] = None,
    csv: Annotated[bool, typer.Option("--csv", help="Print all of it as CSV.")] = False,
    json: Json = False,
    url: Url = None,
    token_file: TokenFile = None,
) -> None:
    """Tell who asked for what, when, from where, and what came of it; the newest first."""
    refuse_two_forms(csv=csv, json=json)
    import asyncio

    from flashyard.cli.history.trail import Sought, export, print_newest

    sought = Sought(
        job=job,
        device=device,
        hub=hub,
        subject=subject,
        by=by,
        action=action,
        outcome=outcome,
        since=since,
        until=until,
    )
    settings = client_settings(ctx, url, token_file)
    if csv or json:
        asyncio.run(export(settings, sought, "csv" if csv else "jsonl", limit))
    else:
        asyncio.run(print_newest(settings, sought, limit))
