"""`flashyard set`: what jobs, devices and hubs are held to, changed while they are at it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

import typer

from flashyard.cli.invocation import client_settings
from flashyard.cli.options import Json, TokenFile, Url

if TYPE_CHECKING:
    from pathlib import Path

    from flashyard.contract.records import Device, Hub, Job
    from flashyard.settings import ClientSettings

setting = typer.Typer(name="set")
_OR_NONE = "such as 20MB or 512K a second; `none` lifts it"

Changes: TypeAlias = Mapping[str, int | None]
Kind = Literal["job", "device", "hub"]
BandwidthLimit = Annotated[
    str | None, typer.Option(metavar="RATE", help=f"Send no faster than this, {_OR_NONE}.")
]


@setting.callback(invoke_without_command=True)
def about(ctx: typer.Context) -> None:
    """Change what a job, a device or a hub is held to, at once."""
    if ctx.invoked_subcommand is None:
        typer.echo(ctx.get_help())


@setting.command()
def job(
    ctx: typer.Context,
    jobs: Annotated[list[str], typer.Argument(metavar="JOB…", help="Job ids.")],
    *,
    priority: Annotated[
        int | None,
        typer.Option(metavar="N", min=0, max=9, help="0 to 9; 9 goes first among those that wait."),
    ] = None,
    bandwidth_limit: BandwidthLimit = None,
    url: Url = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> int:
    """Change jobs: their turn in the queue, how fast they go."""
    changes = {**_rate("bandwidthLimit", bandwidth_limit)}
    if priority is not None:
        changes["priority"] = priority
    return _set(ctx, "job", jobs, changes, json=json, url=url, token_file=token_file)


@setting.command()
def device(
    ctx: typer.Context,
    devices: Annotated[list[str], typer.Argument(metavar="DEVICE…", help="Device ids.")],
    *,
    bandwidth_limit: BandwidthLimit = None,
    hub: Annotated[str | None, typer.Option(metavar="ID", help="On this hub.")] = None,
    url: Url = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> int:
    """Change devices: how fast they are sent to, whatever the job."""
    changes = _rate("bandwidthLimit", bandwidth_limit)
    return _set(
        ctx, "device", devices, changes, hub_id=hub, json=json, url=url, token_file=token_file
    )


@setting.command()
def hub(
    ctx: typer.Context,
    hubs: Annotated[list[str], typer.Argument(metavar="HUB…", help="Hub ids.")],
    *,
    max_parallel: Annotated[
        int | None, typer.Option(metavar="N", min=1, max=1000, help="Jobs at once.")
    ] = None,
    bandwidth_limit: BandwidthLimit = None,
    download_limit: Annotated[
        str | None,
        typer.Option(metavar="RATE", help=f"Fetch images no faster than this, {_OR_NONE}."),
    ] = None,
    url: Url = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> int:
    """Change hubs: how many jobs at once, how fast over all devices."""
    changes = {
        **_rate("bandwidthLimit", bandwidth_limit),
        **_rate("downloadLimit", download_limit),
    }
    if max_parallel is not None:
        changes["maxParallel"] = max_parallel
    return _set(ctx, "hub", hubs, changes, json=json, url=url, token_file=token_file)


def _rate(name: str, text: str | None) -> dict[str, int | None]:
    from flashyard.cli.rates import parse_rate

    if text is None:
        return {}
    return {name: None if text.strip().lower() == "none" else parse_rate(text)}


def _set(
    ctx: typer.Context,
    kind: Kind,
    names: Sequence[str],
    changes: Changes,
    *,
    url: str | None,
    token_file: Path | None,
    json: bool,
    hub_id: str | None = None,
) -> int:
    import asyncio

    from flashyard.contract.faults import Code, refuse

    if not changes:
        raise refuse(
            Code.INVALID_REQUEST,
            "It is not said what to change.",
            hint=f"`flashyard set {kind} --help` lists what can be.",
        )
    settings = client_settings(ctx, url, token_file)
    return asyncio.run(_change(settings, kind, names, changes, hub_id, json=json))


async def _change(
    settings: ClientSettings,
    kind: Kind,
    names: Sequence[str],
    changes: Changes,
    hub_id: str | None,
    *,
    json: bool,
) -> int:
    from flashyard.cli.control.each import Told, of_each
    from flashyard.cli.control.held_to import held_to
    from flashyard.client.bridge import Bridge

    async def one(bridge: Bridge, name: str) -> Told:
        record: Job | Device | Hub
        match kind:
            case "job":
                record = await bridge.change_job(name, changes)
            case "device":
                record = await bridge.change_device(name, changes, hub_id)
            case "hub":
                record = await bridge.change_hub(name, changes)
        return Told(record, f"{name}  {held_to(record)}")

    return await of_each(settings, names, one, json=json)
