"""`flashyard watch`: jobs as they happen; one job to its end, or everything until Ctrl-C."""

from __future__ import annotations

from typing import Annotated

import typer

from flashyard.cli.invocation import client_settings
from flashyard.cli.options import Json, TokenFile, Url


def watch(
    ctx: typer.Context,
    jobs: Annotated[
        list[str] | None, typer.Argument(metavar="[JOB…]", help="These jobs, until they end.")
    ] = None,
    *,
    device: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="Jobs of this device, until Ctrl-C; may be repeated."),
    ] = None,
    url: Url = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> int:
    """Watch jobs live: those named, a device's, or all there are."""
    import asyncio

    from flashyard.cli.watching import watch_everything, watch_jobs

    settings = client_settings(ctx, url, token_file)
    if jobs:
        return asyncio.run(watch_jobs(settings, jobs, json=json))
    return asyncio.run(watch_everything(settings, device, json=json))
