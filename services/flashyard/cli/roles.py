"""The three roles, each as a command of its own: `broker`, `bridge`, `hub`."""

from __future__ import annotations

import asyncio
import logging
import resource
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flashyard.cli.invocation import Invocation
from flashyard.cli.options import (
    BandwidthLimit,
    BootTimeout,
    BridgeUrl,
    Broker,
    BrokerCa,
    BrokerCert,
    BrokerKey,
    CacheSize,
    ClientCa,
    Credentials,
    DataDir,
    DenyPartition,
    DownloadLimit,
    FastbootTcp,
    FastbootUdp,
    HttpListen,
    HubId,
    ImagePatience,
    LogFormat,
    LogLevel,
    MaxDisk,
    MaxParallel,
    MaxPerController,
    MqttListen,
    PartSize,
    ProgressInterval,
    QuarantineAfter,
    Record,
    Retries,
    Supervised,
    TlsCert,
    TlsKey,
    Usb,
    UsbPort,
)

if TYPE_CHECKING:
    from flashyard_broker.limits import Limits


def broker(
    ctx: typer.Context,
    *,
    listen: MqttListen = None,
    credentials: Credentials = None,
    tls_cert: TlsCert = None,
    tls_key: TlsKey = None,
    client_ca: ClientCa = None,
    sys_interval: Annotated[
        float | None,
        typer.Option(
            metavar="S", help="Tell numbers on $SYS topics every so often (default: 0, never)."
        ),
    ] = None,
    data_dir: DataDir = None,
    log_level: LogLevel = None,
    log_format: LogFormat = None,
    supervised: Supervised = False,
) -> int:
    """Run the embedded MQTT broker."""
    from flashyard.cli.serving import Ready, serve
    from flashyard.settings import BrokerSettings
    from flashyard_broker.server import EmbeddedBroker
    from flashyard_broker.sys_topics import SysTopics
    from flashyard_broker.tls import server_context

    said: Invocation = ctx.obj
    settings = said.settings(
        BrokerSettings,
        listen=listen,
        credentials=credentials,
        tls_cert=tls_cert,
        tls_key=tls_key,
        client_ca=client_ca,
        sys_interval=sys_interval,
        data_dir=data_dir,
        log_level=log_level,
        log_format=log_format,
    )

    tls = None
    if settings.tls_cert is not None and settings.tls_key is not None:
        tls = server_context(settings.tls_cert, settings.tls_key, settings.client_ca)
    scheme = "mqtt" if tls is None else "mqtts"

    limits = _limits_of_open_files()

    async def role(ready: Ready) -> None:
        async with EmbeddedBroker(
            listen=settings.listen,
            credentials=settings.credentials_file,
            tls=tls,
            limits=limits,
        ) as embedded:
            public = [str(endpoint) for endpoint in settings.listen if not endpoint.is_loopback]
            if public and tls is None:
                logging.getLogger(__name__).warning(
                    "credentials and all reports travel in clear to %s; "
                    "--tls-cert and --tls-key have them encrypted",
                    ", ".join(public),
                )
            ready(*(f"{scheme}://{address}" for address in embedded.addresses))
            async with SysTopics(embedded, settings.sys_interval):
                await asyncio.get_running_loop().create_future()

    return serve(role, settings, directories=[settings.directory], supervised=supervised)


def _limits_of_open_files() -> Limits:
    """Let this process open as many files as it can, and a broker not have more clients."""
    from flashyard_broker.limits import Limits

    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    usual = Limits()
    if most == resource.RLIM_INFINITY:
        return usual
    # Those that are not let in yet are counted twice where they speak TLS.
    return replace(
        usual, strangers=min(usual.strangers, most // 4), clients=min(usual.clients, most // 2)
    )


def bridge(
    ctx: typer.Context,
    *,
    broker: Broker = None,
    broker_ca: BrokerCa = None,
    broker_cert: BrokerCert = None,
    broker_key: BrokerKey = None,
    listen: HttpListen = None,
    token_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Ask everyone for the bearer token in it, or for one of several: "
            "a line each, NAME TOKEN.",
        ),
    ] = None,
    trusted_proxy: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ADDRESS",
            help="Take this proxy's word on where a request came from; may be repeated.",
        ),
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
    database: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="What must not be lost: sqlite:///FILE (default: in the data directory) or "
            "postgresql://USER:PASSWORD@HOST:PORT/NAME; several bridges may share it.",
        ),
    ] = None,
    audit_keep: Annotated[
        int | None,
        typer.Option(
            metavar="DAYS", help="Keep the audit trail for so long (default: 1830); 0: for ever."
        ),
    ] = None,
    history_keep: Annotated[
        int | None,
        typer.Option(
            metavar="DAYS", help="Keep ended jobs for so long (default: 1098); 0: for ever."
        ),
    ] = None,
    history_max: Annotated[
        int | None,
        typer.Option(
            metavar="JOBS", help="Keep so many ended jobs (default: 1000000); 0: any number."
        ),
    ] = None,
    data_dir: DataDir = None,
    log_level: LogLevel = None,
    log_format: LogFormat = None,
    supervised: Supervised = False,
) -> int:
    """Run the web side: REST, WebSocket and the image store."""
    from flashyard.cli.serving import Ready, serve
    from flashyard.settings import BridgeSettings
    from flashyard_bridge.bridge import Bridge

    said: Invocation = ctx.obj
    settings = said.settings(
        BridgeSettings,
        broker=broker,
        broker_ca=broker_ca,
        broker_cert=broker_cert,
        broker_key=broker_key,
        listen=listen,
        token_file=token_file,
        trusted_proxy=trusted_proxy,
        allow_origin=allow_origin,
        image_store=image_store,
        lost_after=lost_after,
        broker_sys=broker_sys,
        database=database,
        audit_keep=audit_keep,
        history_keep=history_keep,
        history_max=history_max,
        data_dir=data_dir,
        log_level=log_level,
        log_format=log_format,
    )
    # A store that was named may be shared with other bridges, so nobody holds it.
    own_store = [] if settings.image_store else [settings.images]

    async def role(ready: Ready) -> None:
        await Bridge(settings).serve(ready)

    return serve(
        role, settings, directories=[settings.directory, *own_store], supervised=supervised
    )


def hub(
    ctx: typer.Context,
    *,
    broker: Broker = None,
    broker_ca: BrokerCa = None,
    broker_cert: BrokerCert = None,
    broker_key: BrokerKey = None,
    hub_id: HubId = None,
    bridge_url: BridgeUrl = None,
    fastboot_tcp: FastbootTcp = None,
    fastboot_udp: FastbootUdp = None,
    usb: Usb = None,
    usb_port: UsbPort = None,
    deny_partition: DenyPartition = None,
    boot_timeout: BootTimeout = None,
    max_disk: MaxDisk = None,
    max_parallel: MaxParallel = None,
    max_per_controller: MaxPerController = None,
    bandwidth_limit: BandwidthLimit = None,
    download_limit: DownloadLimit = None,
    retries: Retries = None,
    image_patience: ImagePatience = None,
    quarantine_after: QuarantineAfter = None,
    cache_size: CacheSize = None,
    part_size: PartSize = None,
    progress_interval: ProgressInterval = None,
    record: Record = None,
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
        broker_ca=broker_ca,
        broker_cert=broker_cert,
        broker_key=broker_key,
        hub_id=hub_id,
        bridge_url=bridge_url,
        fastboot_tcp=fastboot_tcp,
        fastboot_udp=fastboot_udp,
        usb=usb,
        usb_port=usb_port,
        deny_partition=deny_partition,
        boot_timeout=boot_timeout,
        max_disk=max_disk,
        max_parallel=max_parallel,
        max_per_controller=max_per_controller,
        bandwidth_limit=bandwidth_limit,
        download_limit=download_limit,
        retries=retries,
        image_patience=image_patience,
        quarantine_after=quarantine_after,
        cache_size=cache_size,
        part_size=part_size,
        progress_interval=progress_interval,
        record=record,
        data_dir=data_dir,
        log_level=log_level,
        log_format=log_format,
    )

    async def role(ready: Ready) -> None:
        await serve_hub(settings, ready)

    return serve(role, settings, directories=[settings.directory], supervised=supervised)
