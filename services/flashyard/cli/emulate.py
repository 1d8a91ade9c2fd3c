"""`flashyard emulate`: fastboot devices in software, served until the process is told to stop.

It turns options into profiles; what a device does is the emulator's business.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, NamedTuple, TypeVar

import typer

from flashyard.cli.invocation import Invocation
from flashyard.cli.options import DataDir, LogFormat, LogLevel, Supervised
from flashyard.endpoint import Endpoint
from flashyard.flash.emulator import (
    Address,
    EmulatedDevice,
    Mischief,
    Profile,
    parse_mischief,
)
from flashyard.flash.emulator.profile import (
    DEFAULT_BATTERY_MV,
    DEFAULT_BOOT_MS,
    DEFAULT_DOWNLOAD,
    DEFAULT_PARTITIONS,
)
from flashyard.quantity import parse_quantity

_T = TypeVar("_T")
_FASTBOOT = Endpoint("127.0.0.1", 5554)
_FIELD = re.compile(r",(?=(?:tcp|udp|name)=)")


@dataclass(frozen=True, slots=True)
class Place:
    """One device's identity and addresses, as `--device` or `--serial` ordered them."""

    serial: str
    tcp: Endpoint | None = None
    udp: Endpoint | None = None
    name: str = ""
    usb: tuple[Path, Path | None] | None = None


class Room(NamedTuple):
    """One `--partition NAME=SIZE`."""

    name: str
    size: int


def parse_place(text: str) -> Place:
    """Read `ID,tcp=HOST:PORT[,udp=HOST:PORT][,name=…]`; one of the two addresses is enough.

    Raises:
        ValueError: outside the grammar; one sentence.
    """
    serial, *fields = _FIELD.split(text)
    told = dict(field.split("=", 1) for field in fields)
    if len(told) < len(fields) or not told.keys() & {"tcp", "udp"} or "," in serial:
        raise ValueError(f"{text!r} is not ID,tcp=HOST:PORT[,udp=HOST:PORT][,name=NAME].")
    addresses = {key: Endpoint.parse(told[key]) for key in ("tcp", "udp") if key in told}
    return Place(serial, addresses.get("tcp"), addresses.get("udp"), told.get("name", ""))


def parse_room(text: str) -> Room:
    """Read `NAME=SIZE`.

    Raises:
        ValueError: outside the grammar; one sentence.
    """
    name, equals, size = text.partition("=")
    if not equals:
        raise ValueError(f"{text!r} is not NAME=SIZE.")
    return Room(name, parse_quantity(size))


def _told(parse: Callable[[str], _T]) -> Callable[[str], _T]:
    """Let a parser's sentence reach the user: of a ValueError the option parser shows no word."""

    def parser(text: str) -> _T:
        try:
            return parse(text)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from error

    return parser


def emulate(
    ctx: typer.Context,
    *,
    serial: Annotated[
        str | None, typer.Option(metavar="ID", help="The serial number of a single device.")
    ] = None,
    tcp: Annotated[
        Endpoint | None,
        typer.Option(
            parser=_told(Endpoint.parse),
            metavar="HOST:PORT",
            help="Where the single device listens; 127.0.0.1:5554 without --tcp and --udp.",
        ),
    ] = None,
    udp: Annotated[
        Endpoint | None,
        typer.Option(parser=_told(Endpoint.parse), metavar="HOST:PORT", help="The same by UDP."),
    ] = None,
    functionfs: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="The same by USB, to whoever this machine is a gadget of: a FunctionFS mount.",
        ),
    ] = None,
    gadget: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Its gadget in configfs, bound and unbound as the device comes and goes.",
        ),
    ] = None,
    device: Annotated[
        list[Place] | None,
        typer.Option(
            parser=_told(parse_place),
            metavar="ID,tcp=HOST:PORT[,udp=HOST:PORT][,name=NAME]",
            help="A device; may be given several times.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Flashed content goes to DIR/ID/PARTITION.img; by default below --data-dir.",
        ),
    ] = None,
    discard: Annotated[
        bool, typer.Option("--discard", help="Check flashed content and throw it away.")
    ] = False,
    max_download_size: Annotated[
        int | None,
        typer.Option(
            parser=_told(parse_quantity),
            metavar="BYTES",
            help="The most one download carries; 256M if not given.",
        ),
    ] = None,
    link_speed: Annotated[
        int | None,
        typer.Option(
            parser=_told(parse_quantity),
            metavar="BYTES_PER_S",
            help="How fast downloads arrive; as fast as they can if not given.",
        ),
    ] = None,
    latency: Annotated[
        float, typer.Option(metavar="MS", min=0, help="How long each reply is held back.")
    ] = 0.0,
    slots: Annotated[int, typer.Option(metavar="0|2", help="How many slots there are.")] = 0,
    partition: Annotated[
        list[Room] | None,
        typer.Option(
            parser=_told(parse_room), metavar="NAME=SIZE", help="Add a partition, or resize one."
        ),
    ] = None,
    logical: Annotated[
        list[Room] | None,
        typer.Option(
            parser=_told(parse_room),
            metavar="NAME=SIZE",
            help="Add a partition that lives in super: only fastbootd knows it.",
        ),
    ] = None,
    super_size: Annotated[
        int | None,
        typer.Option(
            "--super",
            parser=_told(parse_quantity),
            metavar="BYTES",
            help="What all of --logical share; 16G if not given.",
        ),
    ] = None,
    fastbootd_download: Annotated[
        int | None,
        typer.Option(
            parser=_told(parse_quantity),
            metavar="BYTES",
            help="The most one download carries in fastbootd, if not as much as elsewhere.",
        ),
    ] = None,
    boot_time: Annotated[
        float, typer.Option(metavar="MS", min=0, help="How long it is away when it restarts.")
    ] = DEFAULT_BOOT_MS,
    locked: Annotated[
        bool, typer.Option("--locked", help="Refuse to be flashed, erased or switched.")
    ] = False,
    battery: Annotated[
        int, typer.Option(metavar="MV", min=0, help="What the battery shows, in millivolts.")
    ] = DEFAULT_BATTERY_MV,
    fault: Annotated[
        list[Mischief] | None,
        typer.Option(
            parser=_told(parse_mischief),
            metavar="COMMAND[:N]=fail|silence|cut@BYTES|short|garble|die",
            help="Let a command go wrong: every time, or the N-th time; "
            "boot[-SLOT]=fail|silence|stay|hang: let the system not start.",
        ),
    ] = None,
    data_dir: DataDir = None,
    log_level: LogLevel = None,
    log_format: LogFormat = None,
    supervised: Supervised = False,
) -> int:
    """Serve fastboot devices in software, over TCP and UDP.

    Once they answer, one line on stdout says `ready` and the URL of each address in the order
    given, such as `fastboot-tcp://127.0.0.1:40001/ID`.
    """
    import asyncio

    from flashyard.cli.serving import Ready, serve
    from flashyard.settings import EmulatorSettings

    said: Invocation = ctx.obj
    settings = said.settings(
        EmulatorSettings, data_dir=data_dir, log_level=log_level, log_format=log_format
    )
    limit = DEFAULT_DOWNLOAD if max_download_size is None else max_download_size
    devices = []
    usb = (functionfs, gadget) if functionfs else None
    for place in _places(serial, tcp, udp, usb, device or []):
        try:
            profile = Profile(
                serial=place.serial,
                name=place.name,
                partitions={**DEFAULT_PARTITIONS, **dict(partition or [])},
                logical=dict(logical or []),
                super_size=super_size,
                slots=slots,
                max_download_size=limit,
                userspace_download=fastbootd_download,
                locked=locked,
                battery_mv=battery,
                discard=discard,
                link_speed=link_speed,
                latency_s=latency / 1000,
                boot_s=boot_time / 1000,
                faults=tuple(fault or []),
            )
        except ValueError as error:
            raise typer.BadParameter(str(error)) from error
        devices.append(
            EmulatedDevice(
                profile,
                out or settings.directory,
                tcp=_bind(place.tcp),
                udp=_bind(place.udp),
                usb=place.usb,
            )
        )

    async def role(ready: Ready) -> None:
        with ExitStack() as running:
            for one in devices:
                running.enter_context(one)
            ready(*(url for one in devices for url in one.urls()))
            await asyncio.get_running_loop().create_future()

    held = [] if out or discard else [settings.directory]
    return serve(role, settings, directories=held, supervised=supervised)


def _places(
    serial: str | None,
    tcp: Endpoint | None,
    udp: Endpoint | None,
    usb: tuple[Path, Path | None] | None,
    devices: Sequence[Place],
) -> Sequence[Place]:
    """Decide between the two ways of ordering devices."""
    if serial is not None and not devices:
        return [Place(serial, tcp if tcp or udp or usb else _FASTBOOT, udp, usb=usb)]
    if serial is not None or tcp or udp or usb or not devices:
        raise typer.BadParameter(
            "Give either --serial ID [--tcp …] [--udp …] [--functionfs …], or --device …"
        )
    if len({place.serial for place in devices}) < len(devices):
        raise typer.BadParameter("Each --device needs an ID of its own.")
    return devices


def _bind(endpoint: Endpoint | None) -> Address | None:
    return (endpoint.hosts[0], endpoint.port) if endpoint else None
