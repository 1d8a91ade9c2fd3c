"""All checks, made side by side; none is waited for longer than a few seconds."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import NamedTuple
from urllib.parse import urlsplit

from flashyard.agent.threads import in_thread
from flashyard.doctor.bench import Bench
from flashyard.doctor.checks import doors
from flashyard.doctor.checks.autosuspend import autosuspend
from flashyard.doctor.checks.bridge import bridge
from flashyard.doctor.checks.broker import broker
from flashyard.doctor.checks.device_access import device_access
from flashyard.doctor.checks.disks import disks
from flashyard.doctor.checks.group import group
from flashyard.doctor.checks.libusb import libusb
from flashyard.doctor.checks.open_files import open_files
from flashyard.doctor.checks.rivals import rivals
from flashyard.doctor.checks.storage import storage
from flashyard.doctor.checks.transfer_memory import transfer_memory
from flashyard.doctor.checks.udev_rule import udev_rule
from flashyard.doctor.finding import About, Finding
from flashyard.endpoint import Endpoint
from flashyard.link import Address
from flashyard.settings import HubSettings

WITHIN = 3.0  # seconds
LOCAL_BRIDGE = f"http://{doors.HTTP}"

Findings = Finding | Iterable[Finding]


class Check(NamedTuple):
    """A check: what it is called if it comes to no end, and how it is made."""

    name: str
    make: Callable[[], Awaitable[Findings]]


class Asked(NamedTuple):
    """What was told apart from the settings.

    Attributes:
        has_broker: was a broker named, or is it looked for where `flashyard up` has one?
        hub_runs: does a hub of these settings run here?
    """

    has_broker: bool
    hub_runs: bool


def checks(bench: Bench, settings: HubSettings, asked: Asked) -> list[Check]:
    """List all checks, in the order in which they are told."""

    def blocking(name: str, call: Callable[[], Findings]) -> Check:
        return Check(name, lambda: in_thread(call, f"check {name}"))

    return [
        blocking("udev rule", lambda: udev_rule(bench)),
        blocking("group", lambda: group(bench)),
        blocking("device access", lambda: device_access(bench)),
        blocking("disks", lambda: disks(bench)),
        blocking("libusb", lambda: libusb(bench)),
        blocking("usbfs memory", lambda: transfer_memory(bench, settings.max_parallel)),
        blocking("autosuspend", lambda: autosuspend(bench)),
        blocking("other programs", lambda: rivals(bench)),
        Check(
            "broker",
            lambda: broker(settings, is_told=asked.has_broker, hub_runs=asked.hub_runs),
        ),
        Check(
            "bridge",
            lambda: bridge(
                settings.bridge_url or LOCAL_BRIDGE, is_told=settings.bridge_url is not None
            ),
        ),
        *_doors(settings, asked),
        blocking("data directory", lambda: storage(settings)),
        blocking("open files", lambda: open_files(settings.max_parallel)),
    ]


def _doors(settings: HubSettings, asked: Asked) -> list[Check]:
    """List the doors of this host that the settings do not name: those are knocked at already."""
    bridge_at, broker_at = urlsplit(settings.bridge_url or ""), Address.parse(settings.broker)
    named = [Endpoint(bridge_at.hostname or "-", bridge_at.port or 0)]
    if asked.has_broker:
        named.append(Endpoint(broker_at.host, broker_at.port))
    ports = {each.port for each in named if each.is_loopback}
    knocks = {doors.HTTP: doors.http_door, doors.MQTT: doors.mqtt_door}
    return [Check("ports", knock) for door, knock in knocks.items() if door.port not in ports]


async def examine(checks: Iterable[Check], within: float = WITHIN) -> list[Finding]:
    """Make checks side by side; return what was found in their order."""
    found = await asyncio.gather(*(_made(each, within) for each in checks))
    return [finding for part in found for finding in part]


async def _made(check: Check, within: float) -> list[Finding]:
    try:
        async with asyncio.timeout(within):
            made = await check.make()
            return [made] if isinstance(made, Finding) else list(made)
    except TimeoutError:
        return [About(check.name).unknown(f"This could not be told within {within:g} s.")]
    except OSError as error:
        return [About(check.name).unknown(f"This could not be looked at: {error}.")]
