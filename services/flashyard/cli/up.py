"""`flashyard up`: the whole system from one command, one supervised process per role."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from flashyard.cli.invocation import Invocation
from flashyard.cli.options import (
    BandwidthLimit,
    BootTimeout,
    BrokerCa,
    BrokerCert,
    BrokerKey,
    CacheSize,
    ClientCa,
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
    PartSize,
    ProgressInterval,
    QuarantineAfter,
    Retries,
    TlsCert,
    TlsKey,
    Usb,
    UsbPort,
)
from flashyard.cli.talk import complain
from flashyard.contract.faults import Code, refuse


def up(
    ctx: typer.Context,
    *,
    demo: Annotated[
        bool | None, typer.Option("--demo", help="Add three emulated devices to play with.")
    ] = None,
    listen: HttpListen = None,
    mqtt: Annotated[
        str | None,
        typer.Option(metavar="HOST:PORT", help="Serve MQTT here (default: 127.0.0.1:1883)."),
    ] = None,
    broker: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Use this MQTT broker instead of starting one."),
    ] = None,
    hub_broker: Annotated[
        str | None,
        typer.Option(metavar="URL", help="The same with the hub's user, where --broker has one."),
    ] = None,
    broker_ca: BrokerCa = None,
    broker_cert: BrokerCert = None,
    broker_key: BrokerKey = None,
    tls_cert: TlsCert = None,
    tls_key: TlsKey = None,
    client_ca: ClientCa = None,
    hub_id: HubId = None,
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
    data_dir: DataDir = None,
    log_level: LogLevel = None,
    log_format: LogFormat = None,
) -> int:
    """Run the whole system: broker, bridge and hub, each in a process that is kept alive."""
    from flashyard.cli.household import Household
    from flashyard.cli.housekeeping import keep_house
    from flashyard.cli.logins import Logins, refuse_foreign_hub_id, refuse_shared_login
    from flashyard.cli.serving import Ready, serve
    from flashyard.cli.supervisor import DiedError, StillbornError
    from flashyard.contract.demo import DEMO
    from flashyard.settings import (
        BridgeSettings,
        BrokerSettings,
        HubSettings,
        UpSettings,
    )
    from flashyard.token_file import read_tokens

    said: Invocation = ctx.obj
    common = {"data_dir": data_dir, "log_level": log_level, "log_format": log_format}
    settings = said.settings(
        UpSettings,
        demo=demo,
        listen=listen,
        mqtt=mqtt,
        broker=broker,
        hub_broker=hub_broker,
        broker_ca=broker_ca,
        broker_cert=broker_cert,
        broker_key=broker_key,
        tls_cert=tls_cert,
        tls_key=tls_key,
        client_ca=client_ca,
        **common,
    )
    # What a role would refuse is refused here, before anything is started.
    refuse_shared_login(settings)
    # On loopback nothing is asked for, so that this tells where the credentials are to be.
    own = {
        "data_dir": settings.data_dir,
        "tls_cert": settings.tls_cert,
        "tls_key": settings.tls_key,
        "client_ca": settings.client_ca,
    }
    told = said.settings(BrokerSettings, **own, listen=["127.0.0.1:0"])
    if told.client_ca and settings.broker is None and settings.broker_cert is None:
        raise refuse(
            Code.INVALID_REQUEST,
            "--client-ca needs --broker-cert: the bridge and the hub of `up` are clients, too.",
            hint="Give --broker-cert and --broker-key, which that authority signed.",
        )
    credentials = told.credentials_path
    link = {
        "broker": settings.broker or f"{'mqtts' if told.tls_cert else 'mqtt'}://127.0.0.1",
        "broker_ca": settings.broker_ca,
        "broker_cert": settings.broker_cert,
        "broker_key": settings.broker_key,
    }
    bridge = said.settings(BridgeSettings, **link, listen=listen)
    hub = said.settings(
        HubSettings,
        **link | ({"broker": settings.hub_broker} if settings.hub_broker else {}),
        hub_id=hub_id,
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
    )
    refuse_foreign_hub_id(hub)
    logins: Logins | None = None
    if settings.broker is None:
        served = said.settings(
            BrokerSettings,
            **own,
            listen=[str(settings.mqtt)] if settings.mqtt else None,
            credentials=credentials,
        )
        if not served.listen[0].is_loopback:
            logins = Logins.kept(credentials, settings.data_dir, hub.hub_id)
    household = Household(
        settings,
        said.config,
        plain=settings.log_format == "plain"
        or (settings.log_format == "auto" and sys.stderr.isatty()),
        logins=logins,
        hub_flags=_flags(
            hub_id=hub_id,
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
        ),
        devices=hub.fastboot_tcp,
        sys_interval=told.sys_interval,
    )
    expected = {device.device_id for device in (*hub.fastboot_tcp, *hub.fastboot_udp)}
    if settings.demo:
        demo_ids = {device.device_id for device in DEMO}
        if both := expected & demo_ids:
            raise refuse(
                Code.INVALID_REQUEST,
                f"{both.pop()} is configured, and --demo has a device of that name.",
                hint="Give yours another name, or leave out --demo.",
            )
        expected |= demo_ids
    tokens = read_tokens(bridge.token_file)
    token = tokens[0].token if tokens else None  # any: it only looks

    async def role(ready: Ready) -> None:
        await keep_house(household, expected, token, ready)

    try:
        return serve(role, settings, directories=[])
    except StillbornError as error:
        complain(f"{error}.", "What it said is above.")
        return max(error.status, 1)
    except DiedError as error:
        complain(f"{error}, for the fifth time in a minute.", "What it said is above.")
        return 1


def _flags(**given: object) -> list[str]:
    """Make flags of what was given: they are handed on as they are."""
    flags: list[str] = []
    for name, value in given.items():
        flag = name.replace("_", "-")
        if isinstance(value, bool):
            flags.append(f"--{flag}" if value else f"--no-{flag}")
            continue
        values = value if isinstance(value, list) else [] if value is None else [value]
        for each in values:
            flags += [f"--{flag}", str(each)]
    return flags
