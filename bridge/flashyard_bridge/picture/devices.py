"""The book of devices: their records as hubs told them last, and those that come before their hub.

It knows no hub and no job; whether a device can be reached is not for a record alone to say.
"""

from __future__ import annotations

from flashyard.contract.messages import DeviceChanged
from flashyard.contract.records import Device


class DeviceBook:
    """Records by hub and device, in the order they became known."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], DeviceChanged] = {}
        self._held: dict[tuple[str, str], DeviceChanged] = {}

    def get(self, hub_id: str, device_id: str) -> Device | None:
        """One device's record, or None."""
        said = self._known.get((hub_id, device_id))
        return said.device if said else None

    def all(self) -> list[Device]:
        """The records of all devices."""
        return [said.device for said in self._known.values()]

    def of_hub(self, hub_id: str) -> list[DeviceChanged]:
        """What a hub told last of each of its devices."""
        return [said for said in self._known.values() if said.hub_id == hub_id]

    def take(self, changed: DeviceChanged, session: str | None) -> bool:
        """Take a record, if it is the newest.

        Args:
            changed: the record.
            session: its hub's; None: the hub is not known. A record of another one is held, since
                its hub's presence may be under way.
        """
        device, key = changed.device, (changed.hub_id, changed.device_id)
        if device.session != session:
            self._held[key] = changed
            return False
        self._held.pop(key, None)
        old = self._known.get(key)
        if old and old.device.session == session and device.rev < old.device.rev:
            return False
        self._known[key] = changed
        return True

    def held(self, hub_id: str, session: str) -> list[DeviceChanged]:
        """The records of a hub's session that came before it was known."""
        return [
            said
            for key, said in self._held.items()
            if key[0] == hub_id and said.device.session == session
        ]

    def amend(self, hub_id: str, device_id: str, **fields: object) -> None:
        """Change what a known device's record says; the hub will say so, too."""
        key = hub_id, device_id
        said = self._known.get(key)
        if said is not None:
            self._known[key] = said.with_(device=said.device.with_(**fields))

    def drop(self, hub_id: str, device_id: str) -> bool:
        """Forget a device; False: it was not known."""
        key = hub_id, device_id
        self._held.pop(key, None)
        return self._known.pop(key, None) is not None
