"""The devices an operator configured: which one is to be found where. It opens nothing."""

from __future__ import annotations

from typing import NamedTuple

from flashyard.flash.fastboot.transport import Address
from flashyard.settings import HubSettings


class Port(NamedTuple):
    """A place a device is reached at, and what the device there is called."""

    device_id: str
    address: Address


def configured(settings: HubSettings) -> list[Port]:
    """List the ports of `--fastboot-tcp` and `--fastboot-udp`."""
    return [
        Port(device.device_id, Address("tcp", device.endpoint.host, device.endpoint.port))
        for device in settings.fastboot_tcp
    ] + [
        Port(device.device_id, Address("udp", device.endpoint.host, device.endpoint.port))
        for device in settings.fastboot_udp
    ]
