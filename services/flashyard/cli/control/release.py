"""`flashyard release`: devices let out of quarantine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from flashyard.cli.invocation import client_settings
from flashyard.cli.options import Json, TokenFile, Url

if TYPE_CHECKING:
    from flashyard.settings import ClientSettings


def release(
    ctx: typer.Context,
    devices: Annotated[list[str], typer.Argument(metavar="DEVICE…", help="Device ids.")],
    *,
    hub: Annotated[str | None, typer.Option(metavar="ID", help="On this hub.")] = None,
    url: Url = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> int:
    """Let devices take jobs again that were put into quarantine."""
    import asyncio

    settings = client_settings(ctx, url, token_file)
    return asyncio.run(_release(settings, devices, hub, json=json))


async def _release(
    settings: ClientSettings, devices: Sequence[str], hub_id: str | None, *, json: bool
) -> int:
    from flashyard.cli.control.each import Told, of_each
    from flashyard.client.bridge import Bridge

    async def one(bridge: Bridge, device_id: str) -> Told:
        device = await bridge.release(device_id, hub_id)
        return Told(device, f"{device.device_id}  may take jobs")

    return await of_each(settings, devices, one, json=json)
