"""What the hub is told: its broker, its devices, and how much it does at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from flashyard.contract.faults import Code, refuse
from flashyard.contract.model import HubId
from flashyard.settings.link import LinkSettings
from flashyard.settings.port_rule import PortRule
from flashyard.settings.values import BrokerUrl, Devices, Globs, HttpUrl, PortRules, Size, Speed


class HubSettings(LinkSettings):
    """The hub's.

    ``usb``: look for devices on USB; None: where the host has any. ``usb_port``: the stations that
    are ours; all others are left alone. ``max_disk``: bytes; a larger disk is listed, not written.
    ``max_per_controller``: of ``max_parallel`` jobs at once those behind one USB controller; 0: any
    number.
    ``bandwidth_limit``: of all that is sent to devices together, ``download_limit``: of the images
    that are fetched; bytes a second, until others are ordered. 0: as fast as it goes.
    ``progress_interval``: ms between a job's samples; ``cache_size``: bytes; ``part_size``: the
    most bytes a device is sent before it writes them.
    ``deny_partition``: what is not written unless a job allows it, beside our own list.
    ``boot_timeout``: seconds a device has to be seen to start, where that is asked for.
    ``retries``: how often a job goes on after the link to its device broke. ``image_patience``:
    seconds a job waits for an image store that does not answer. ``quarantine_after``: jobs in a row
    that broke at one port, after which it takes none until it is released; 0: it always does.
    ``record``: where sessions with devices are recorded; None: they are not.
    """

    section: ClassVar[str] = "hub"

    hub_id: HubId | None = None
    bridge_url: HttpUrl | None = None
    fastboot_tcp: Devices = ()
    fastboot_udp: Devices = ()
    usb: bool | None = None
    usb_port: PortRules = (PortRule("*"),)
    deny_partition: Globs = ()
    boot_timeout: Annotated[int, Field(ge=1, le=86400)] = 300
    max_disk: Size = 256 * 1000**3
    max_parallel: Annotated[int, Field(ge=1, le=1000)] = 16
    max_per_controller: Annotated[int, Field(ge=0, le=1000)] = 0
    bandwidth_limit: Speed = 0
    download_limit: Speed = 0
    cache_size: Size = 16 * 1024**3
    part_size: Annotated[Size, Field(ge=1024**2, lt=4 * 1024**3)] = 128 * 1024**2
    progress_interval: Annotated[int, Field(ge=20, le=5000)] = 500
    retries: Annotated[int, Field(ge=0, le=100)] = 2
    image_patience: Annotated[int, Field(ge=0, le=86400)] = 600
    quarantine_after: Annotated[int, Field(ge=0, le=1000)] = 3
    record: Path | None = None

    @model_validator(mode="after")
    def _possible(self) -> Self:
        seen: set[str] = set()
        for device in (*self.fastboot_tcp, *self.fastboot_udp):
            if device.device_id in seen:
                raise refuse(
                    Code.INVALID_REQUEST,
                    f"The device {device.device_id} is configured twice.",
                    hint="Name each device once, by --fastboot-tcp or by --fastboot-udp.",
                )
            seen.add(device.device_id)
        return self


class HostSettings(HubSettings):
    """The hub's as they are looked at: a broker not named is where `flashyard up` has its own."""

    broker: BrokerUrl = Field(default="mqtt://127.0.0.1:1883", repr=False)
