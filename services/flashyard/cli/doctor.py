"""`flashyard doctor`: is this host fit to be a hub, and what mends it? It asks and shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from flashyard.cli.invocation import Invocation
from flashyard.cli.options import (
    BridgeUrl,
    Broker,
    BrokerCa,
    BrokerCert,
    BrokerKey,
    CacheSize,
    DataDir,
    HubId,
    Json,
    MaxParallel,
    UsbPort,
)

if TYPE_CHECKING:
    from flashyard.doctor.bench import Bench


def doctor(
    ctx: typer.Context,
    *,
    install_udev: Annotated[
        bool, typer.Option("--install-udev", help="Write the udev rule, as root; look at nothing.")
    ] = False,
    print_udev: Annotated[
        bool, typer.Option("--print-udev", help="Print the udev rule; look at nothing.")
    ] = False,
    udev_group: Annotated[
        str | None,
        typer.Option(metavar="GROUP", help="Who may open devices (default: plugdev)."),
    ] = None,
    broker: Broker = None,
    broker_ca: BrokerCa = None,
    broker_cert: BrokerCert = None,
    broker_key: BrokerKey = None,
    hub_id: HubId = None,
    bridge_url: BridgeUrl = None,
    usb_port: UsbPort = None,
    max_parallel: MaxParallel = None,
    cache_size: CacheSize = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> int:
    """Look whether this host is fit to be a hub, and tell what mends it."""
    import asyncio
    import logging

    from flashyard.cli.data_directory import is_held
    from flashyard.cli.findings import exit_status, show
    from flashyard.cli.talk import print_data
    from flashyard.doctor.bench import Bench
    from flashyard.doctor.examination import Asked, checks, examine
    from flashyard.doctor.host import Host
    from flashyard.settings import HostSettings

    said: Invocation = ctx.obj
    settings = said.settings(
        HostSettings,
        broker=broker,
        broker_ca=broker_ca,
        broker_cert=broker_cert,
        broker_key=broker_key,
        hub_id=hub_id,
        bridge_url=bridge_url,
        usb_port=usb_port,
        max_parallel=max_parallel,
        cache_size=cache_size,
        data_dir=data_dir,
    )
    bench = Bench(Host(), settings.usb_port, udev_group, _program())
    wanted = bench.wanted
    if print_udev:
        print_data(wanted.removesuffix("\n"))
        return 0
    if install_udev:
        _install(bench, wanted)
        return 0
    # What a link has to say is told by the finding.
    logging.getLogger("flashyard").addHandler(logging.NullHandler())
    asked = Asked(
        has_broker="broker" in settings.model_fields_set, hub_runs=is_held(settings.directory)
    )
    found = asyncio.run(examine(checks(bench, settings, asked)))
    show(found, as_json=json)
    return exit_status(found)


def _install(bench: Bench, wanted: str) -> None:
    from flashyard.cli.talk import print_data, say
    from flashyard.doctor.installing import install
    from flashyard.doctor.rule import FILE

    is_new = install(wanted, bench.host, bench.install)
    print_data(str(bench.host.rules / FILE))
    say(
        f"The rule is {'written' if is_new else 'there already'}, and holds for what is plugged in."
    )
    if not bench.named:
        say("Disks are given away in ports that are named alone: --usb-port GLOB.")


def _program() -> tuple[str, ...]:
    """Tell how this command is started, wherever it is run from: root's PATH is another."""
    import sys
    from pathlib import Path

    started = Path(sys.argv[0])
    if started.name == "__main__.py":
        return (sys.executable, "-m", "flashyard")
    return (str(started.absolute()),)
