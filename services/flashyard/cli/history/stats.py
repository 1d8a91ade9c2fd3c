"""`flashyard history stats`: what ended jobs add up to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from flashyard.cli.history import options
from flashyard.cli.invocation import client_settings
from flashyard.cli.options import Json, TokenFile, Url

if TYPE_CHECKING:
    from flashyard.cli.history.sought import Sought
    from flashyard.settings import ClientSettings

_NONE = "No job that ended is like that; `flashyard ls jobs` lists those under way."


def stats(
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
        int, typer.Option(metavar="N", min=1, max=366, help="Entries of each list, and days.")
    ] = 10,
    json: Json = False,
    url: Url = None,
    token_file: TokenFile = None,
) -> None:
    """Tell what they add up to, and which port, image or device fails most."""
    import asyncio

    from flashyard.cli.history.sought import Sought

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
    asyncio.run(tell(client_settings(ctx, url, token_file), sought, limit, json=json))


async def tell(settings: ClientSettings, sought: Sought, limit: int, *, json: bool) -> None:
    """Print what some add up to, with at most so many entries of each list.

    Raises:
        FaultError: the bridge refuses, or what is sought cannot be meant.
        UnreachableError: no bridge.
    """
    from datetime import UTC, datetime

    from flashyard.cli.history import counts
    from flashyard.cli.reaching import bridge_of
    from flashyard.cli.table import print_table
    from flashyard.cli.talk import print_data, printable, say

    async with bridge_of(settings) as bridge:
        wanted = await sought.parameters(bridge, datetime.now(tz=UTC).astimezone())
        told = await bridge.statistics(wanted, limit)
    if json:
        print_data(told.encode().decode())
        return
    if not told.totals.jobs:
        say(_NONE)
        return
    for name, value in counts.facts(told):
        print_data(f"{name:<9} {printable(value)}")
    for heads, rows, rest in counts.sections(told):
        print_data("")
        print_table(heads, [[*map(printable, cells)] for cells in rows], spare=counts.SPARE)
        if rest:
            print_data(rest)
