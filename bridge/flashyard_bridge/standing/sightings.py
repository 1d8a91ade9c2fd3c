"""What was heard of devices between two looks, in its order: one may come and go in a breath.

It keeps what tells a plug from none, and knows no order and no mark.
"""

from __future__ import annotations

from collections.abc import Iterator

from flashyard.contract.records import Device

# There, gone and there again: more of the same run of a hub says nothing more.
_ENOUGH = 3

Unit = tuple[str, str, str | None]  # a hub's and a device's id, and the serial


class Sightings:
    """At most three of a device, all from its hub's newest session; iterated oldest first."""

    def __init__(self) -> None:
        self._seen: dict[Unit, list[Device]] = {}

    def __iter__(self) -> Iterator[Device]:
        for seen in self._seen.values():
            yield from seen

    def is_news(self, device: Device) -> bool:
        """Does it say more than what was heard of the device before?"""
        seen = self._seen.get(_unit(device))
        if not seen or seen[-1].session != device.session:
            return True
        return len(seen) < _ENOUGH and seen[-1].online is not device.online

    def add(self, device: Device) -> None:
        """Take what its hub says of a device now."""
        if not self.is_news(device):
            return
        seen = self._seen.setdefault(_unit(device), [])
        if seen and seen[-1].session != device.session:
            seen.clear()
        seen.append(device)


def _unit(device: Device) -> Unit:
    return device.hub_id, device.device_id, device.serial
