"""`flashyard ls`: what the bridge knows, as a table or as JSON lines."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from flashyard.cli.invocation import client_settings
from flashyard.cli.options import Json, TokenFile, Url


class What(StrEnum):
    """What can be listed."""

    DEVICES = "devices"
    JOBS = "jobs"
    HUBS = "hubs"
    IMAGES = "images"
    BATCHES = "batches"


def ls(
    ctx: typer.Context,
    what: Annotated[What, typer.Argument(help="What to list.")] = What.DEVICES,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Ended jobs and batches, too.")] = False,
    url: Url = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> None:
    """List devices, jobs, hubs, images or batches."""
    import asyncio

    from flashyard.cli.listing import show

    settings = client_settings(ctx, url, token_file)
    asyncio.run(show(settings, what, everything=everything, json=json))
