"""How a batch's devices are said: one by one, or by what they have in common."""

from __future__ import annotations

from typing import Literal

from flashyard.contract.model import DeviceId, HubId, Model
from flashyard.contract.standing import Place


class BatchDevice(Model):
    """A device by its id; ``hub_id`` where several hubs have one of the name."""

    device_id: DeviceId
    hub_id: HubId | None = None


class BatchPlace(Place):
    """Which online devices are meant: all that is said must fit; strings are globs, but the hub's.

    ``disks``: disks, too, where `partition` is `disk`; otherwise none.
    """

    transport: Literal["usb", "tcp", "udp"] | None = None
    disks: bool = False

    @property
    def is_empty(self) -> bool:
        """Does it say nothing of the devices?"""
        return self.with_(disks=False) == BatchPlace()
