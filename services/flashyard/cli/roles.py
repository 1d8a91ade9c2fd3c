"""The three roles, each as a command of its own: `broker`, `bridge`, `hub`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from flashyard.cli.invocation import Invocation
from flashyard.cli.options import (
    Broker,
    CacheSize,
    DataDir,
    FastbootTcp,
    FastbootUdp,
    HttpListen,
    HubId,
    LogFormat,
    LogLevel,
    MaxParallel,
    MqttListen,
    PartSize,
    ProgressInterval,
    Supervised,
    Usb,
)


def broker(
    ctx: typer.Context,
    *,
    listen: MqttListen = None,
    data_dir: DataDir = None,
    log_level: LogLevel = None,
    log_format: LogFormat = None,
    supervised: Supervised = False,
) -> int:
    """Run the embedded MQTT broker."""
    from flashyard.cli.serving import Ready, serve
    from flashyard.settings import BrokerSettings
    from flashyard_broker.server import EmbeddedBroker

    said: Invocation = ctx.obj
    settings = said.settings(
        BrokerSettings,
        listen=listen,
        data_dir=data_dir,
        log_level=log_level,
        log_format=log_format,
    )

    async def role(ready: Ready) -> None:
        async with EmbeddedBroker(listen=settings.listen) as embedded:
            ready(*(f"mqtt://{address}" for address in embedded.addresses))
            await asyncio.get_running_loop().create_future()

    return serve(role, settings, directories=[settings.directory], supervised=supervised)


def bridge(
    ctx: typer.Context,
    *,
    broker: Broker = None,
    listen: HttpListen = None,
    token_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Ask everyone for the bearer token in it."),
    ] = None,
    allow_origin: Annotated[
        list[str] | None,
        typer.Option(metavar="ORIGIN", help="Let pages of this origin in; may be repeated."),
    ] = None,
    image_store: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Share this image store with other bridges."),
    ] = None,
    lost_after: Annotated[
        float | None,
        typer.Option(metavar="S", help="Give up a silent hub's jobs after (default: 600)."),
    ] = None,
    broker_sys: Annotated[
        bool | None,
        typer.Option("--broker-sys", help="Pass on the broker's own numbers at /metrics."),
    ] = None,
    database: Annotated[str | None, typer.Option(metavar="URL", hidden=True)] = None,
    data_dir: DataDir = None,
    log_level: LogLevel = None,
    log_format: LogFormat = None,
    supervised: Supervised = False,
) -> int:
    """Run the web side: REST, WebSocket and the image store."""
    from flashyard.cli.serving import Ready, serve
    from flashyard.settings import BridgeSettings
    from flashyard_bridge.app import serve as serve_bridge

    said: Invocation = ctx.obj
    settings = said.settings(
        BridgeSettings,
        broker=broker,
        listen=listen,
        token_file=token_file,
        allow_origin=allow_origin,
        image_store=image_store,
        lost_after=lost_after,
        broker_sys=broker_sys,
        database=database,
        data_dir=data_dir,
        log_level=log_level,
        log_format=log_format,
    )
    # A store that was named may be shared with other bridges, so nobody holds it.
    own_store = [] if settings.image_store else [settings.images]

    async def role(ready: Ready) -> None:
        await serve_bridge(settings, ready)

    return serve(
        role, settings, directories=[settings.directory, *own_store], supervised=supervised
    )


def hub(
    ctx: typer.Context,
    *,
    broker: Broker = None,
    hub_id: HubId = None,
    bridge_url: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Fetch images from the bridge at this address."),
    ] = None,
    fastboot_tcp: FastbootTcp = None,
    fastboot_udp: FastbootUdp = None,
    usb: Usb = None,
    max_parallel: MaxParallel = None,
    cache_size: CacheSize = None,
    part_size: PartSize = None,
    progress_interval: ProgressInterval = None,
    data_dir: DataDir = None,
    log_level: LogLevel = None,
    log_format: LogFormat = None,
    supervised: Supervised = False,
) -> int:
    """Run the hub that flashes the devices it can reach."""
    from flashyard.agent import serve as serve_hub
    from flashyard.cli.serving import Ready, serve
    from flashyard.settings import HubSettings

    said: Invocation = ctx.obj
    settings = said.settings(
        HubSettings,
        broker=broker,
        hub_id=hub_id,
        bridge_url=bridge_url,
        fastboot_tcp=fastboot_tcp,
        fastboot_udp=fastboot_udp,
        usb=usb,
        max_parallel=max_parallel,
        cache_size=cache_size,
        part_size=part_size,
        progress_interval=progress_interval,
        data_dir=data_dir,
        log_level=log_level,
        log_format=log_format,
    )

    async def role(ready: Ready) -> None:
        await serve_hub(settings, ready)

    return serve(role, settings, directories=[settings.directory], supervised=supervised)
