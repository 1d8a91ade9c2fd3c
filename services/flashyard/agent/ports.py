"""Where the devices are that a hub looks after: configured, or plugged in. It opens nothing."""

from __future__ import annotations

from dataclasses import dataclass

from flashyard.flash.fastboot.transport import Address
from flashyard.flash.opening import DeviceAddress
from flashyard.flash.ports.modes import Reading, classify
from flashyard.flash.ports.plugged import Plugged
from flashyard.flash.ports.station import controller
from flashyard.settings import HubSettings


@dataclass(slots=True)
class Port:
    """A place a device is reached at, and what the device there is called.

    Attributes:
        device_id: of the device, for good.
        address: where it is, or was last.
        plugged: the device as it is on USB; None where it is not, or not any more.
        since: when it was plugged in, in monotonic seconds.
    """

    device_id: str
    address: DeviceAddress
    plugged: Plugged | None = None
    since: float = 0.0

    @property
    def reading(self) -> Reading | None:
        """What mode it is in, for all that can be seen from outside; None: nothing can."""
        return classify(self.plugged) if self.plugged else None

    @property
    def place(self) -> str:
        """What is at fault where device after device fails there: a station, else the device."""
        address = self.address
        return self.device_id if isinstance(address, Address) else address.station

    @property
    def controller(self) -> str | None:
        """The USB controller it is behind, as far as that can be told; None: it is on none."""
        return controller(self.plugged.station) if self.plugged else None

    @property
    def is_empty(self) -> bool:
        """Has the device been plugged out?"""
        return self.is_watched and self.plugged is None

    @property
    def is_flashable(self) -> bool:
        """May it be talked to, for all that can be seen from outside?"""
        if not self.is_watched:
            return True
        return self.reading is not None and self.reading.way is not None

    @property
    def is_disk(self) -> bool:
        """Is it one that can be looked at as often as one likes, being opened by no look?"""
        return self.reading is not None and self.reading.way == "disk"

    @property
    def is_watched(self) -> bool:
        """Does somebody tell when the device comes and goes?"""
        return self.address.transport == "usb"


def configured(settings: HubSettings) -> list[Port]:
    """List the ports of `--fastboot-tcp` and `--fastboot-udp`."""
    return [
        Port(device.device_id, Address("tcp", device.endpoint.host, device.endpoint.port))
        for device in settings.fastboot_tcp
    ] + [
        Port(device.device_id, Address("udp", device.endpoint.host, device.endpoint.port))
        for device in settings.fastboot_udp
    ]
