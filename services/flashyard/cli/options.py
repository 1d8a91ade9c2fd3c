"""The options that several commands share, with their help. A None was not given."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

_COMMON, _CLIENT, _DEVICES, _TLS = "Everywhere", "The bridge to ask", "Devices", "TLS"


def _in_panel(panel: str, *names: str, metavar: str, text: str) -> typer.models.OptionInfo:
    info: typer.models.OptionInfo = typer.Option(
        *names, metavar=metavar, help=text, rich_help_panel=panel
    )
    return info


_common = partial(_in_panel, _COMMON)
_tls = partial(_in_panel, _TLS)


DataDir = Annotated[
    Path | None,
    _common(
        "--data-dir",
        metavar="DIR",
        text="Where everything is kept (default: ~/.local/share/flashyard).",
    ),
]
LogLevel = Annotated[
    str | None,
    _common("--log-level", metavar="LEVEL", text="debug, info, warning or error (default: info)."),
]
LogFormat = Annotated[
    str | None,
    _common(
        "--log-format",
        metavar="FORM",
        text="json or plain (default: plain on a terminal, json elsewhere).",
    ),
]
Supervised = Annotated[bool, typer.Option("--supervised", hidden=True)]

HttpListen = Annotated[
    list[str] | None,
    typer.Option(
        "--listen",
        metavar="HOST:PORT",
        help="Serve HTTP and WebSocket here; may be repeated (default: 127.0.0.1:8000).",
    ),
]
MqttListen = Annotated[
    list[str] | None,
    typer.Option(
        "--listen",
        metavar="HOST:PORT",
        help="Serve MQTT here; may be repeated (default: 127.0.0.1:1883).",
    ),
]
Broker = Annotated[
    str | None,
    typer.Option(
        "--broker",
        metavar="URL",
        help="The MQTT broker, mqtt://[USER:PASSWORD@]HOST[:PORT], or mqtts://… for TLS.",
    ),
]
BrokerCa = Annotated[
    Path | None,
    _tls(
        "--broker-ca",
        metavar="FILE",
        text="Trust these authorities at the broker, not the system's.",
    ),
]
BrokerCert = Annotated[
    Path | None,
    _tls("--broker-cert", metavar="FILE", text="Our certificate, where the broker asks for one."),
]
BrokerKey = Annotated[
    Path | None, _tls("--broker-key", metavar="FILE", text="The key of our certificate.")
]

Credentials = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Who is let in (default: what `flashyard access` keeps in the data directory).",
    ),
]
TlsCert = Annotated[
    Path | None,
    _tls("--tls-cert", metavar="FILE", text="Serve over TLS, with this certificate (chain)."),
]
TlsKey = Annotated[
    Path | None, _tls("--tls-key", metavar="FILE", text="The key of that certificate.")
]
ClientCa = Annotated[
    Path | None,
    _tls(
        "--client-ca",
        metavar="FILE",
        text="Ask for client certificates, of these authorities alone.",
    ),
]

HubId = Annotated[
    str | None,
    typer.Option(
        metavar="ID",
        help="This hub's name (default: its user at the broker; "
        "else of the host, kept in the data directory).",
    ),
]
BridgeUrl = Annotated[
    str | None, typer.Option(metavar="URL", help="Fetch images from the bridge at this address.")
]
FastbootTcp = Annotated[
    list[str] | None,
    typer.Option(
        metavar="ID=HOST:PORT",
        help="A device that speaks fastboot over TCP; may be repeated.",
        rich_help_panel=_DEVICES,
    ),
]
FastbootUdp = Annotated[
    list[str] | None,
    typer.Option(
        metavar="ID=HOST:PORT",
        help="A device that speaks fastboot over UDP; may be repeated.",
        rich_help_panel=_DEVICES,
    ),
]
Usb = Annotated[
    bool | None,
    typer.Option(
        "--usb/--no-usb",
        help="Look for devices on USB (default: where there is any).",
        rich_help_panel=_DEVICES,
    ),
]
UsbPort = Annotated[
    list[str] | None,
    typer.Option(
        "--usb-port",
        metavar="GLOB[=NAME]",
        help="USB stations to look after, and what to call them; may be repeated. "
        "All others are left alone (default: all are ours).",
        rich_help_panel=_DEVICES,
    ),
]
DenyPartition = Annotated[
    list[str] | None,
    typer.Option(
        "--deny-partition",
        metavar="GLOB",
        help="Partitions to write only where a job allows it, beside those a device may not "
        "survive; may be repeated.",
        rich_help_panel=_DEVICES,
    ),
]
BootTimeout = Annotated[
    int | None,
    typer.Option(
        metavar="S",
        help="How long a device has to be seen to start, where that is asked for (default: 300).",
    ),
]
MaxDisk = Annotated[
    str | None,
    typer.Option(
        metavar="SIZE",
        help="Largest disk that is written; a larger one is only listed (default: 256GB).",
        rich_help_panel=_DEVICES,
    ),
]
MaxParallel = Annotated[
    int | None, typer.Option(metavar="N", help="Jobs at once, over all devices (default: 16).")
]
MaxPerController = Annotated[
    int | None,
    typer.Option(
        metavar="N", help="Of these, behind one USB controller (default: 0, as many as there are)."
    ),
]
BandwidthLimit = Annotated[
    str | None,
    typer.Option(metavar="RATE", help="Most bytes/s sent to all devices together, such as 40MB."),
]
DownloadLimit = Annotated[
    str | None, typer.Option(metavar="RATE", help="Most bytes/s at which images are fetched.")
]
Retries = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help="How often a job goes on after the link to its device broke (default: 2).",
    ),
]
ImagePatience = Annotated[
    int | None,
    typer.Option(
        metavar="S",
        help="How long a job waits for an image store that does not answer (default: 600).",
    ),
]
QuarantineAfter = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help="Take no more jobs at a port after so many in a row broke there, until it is "
        "released; 0: never (default: 3).",
        rich_help_panel=_DEVICES,
    ),
]
CacheSize = Annotated[
    str | None, typer.Option(metavar="SIZE", help="Disk for cached images (default: 16G).")
]
PartSize = Annotated[
    str | None,
    typer.Option(metavar="SIZE", help="Most bytes sent before they are written (default: 128M)."),
]
ProgressInterval = Annotated[
    int | None,
    typer.Option(metavar="MS", help="Time between two samples of a job (default: 500)."),
]
Record = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="Record the sessions with devices here, without images and serial numbers.",
        rich_help_panel=_DEVICES,
    ),
]

Url = Annotated[
    str | None,
    typer.Option(
        "--url",
        metavar="URL",
        help="Where the bridge is (default: http://127.0.0.1:8000; FLASHYARD_URL).",
        rich_help_panel=_CLIENT,
    ),
]
TokenFile = Annotated[
    Path | None,
    typer.Option(
        "--token-file",
        metavar="FILE",
        help="Holds the bearer token, where the bridge asks for one.",
        rich_help_panel=_CLIENT,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON lines.")]
