"""Which device is meant, and which hub answers for it. Reads the picture, changes nothing."""

from __future__ import annotations

from flashyard.contract.faults import Code, refuse
from flashyard.contract.records import Device, Hub
from flashyard_bridge.picture.fleet import Fleet


def any_device(fleet: Fleet, device_id: str, hub_id: str | None) -> Device:
    """Find a device, online or not; of several, the one that is online.

    Raises:
        FaultError: `unknown_hub`, `unknown_device` or `ambiguous_device`.
    """
    found = _found(fleet, device_id, hub_id)
    return _only([device for device in found if device.online] or found)


def online_device(fleet: Fleet, device_id: str, hub_id: str | None) -> Device:
    """Find the device that an order can reach.

    Raises:
        FaultError: `unknown_hub`, `unknown_device`, `ambiguous_device` or `device_offline`.
    """
    found = _found(fleet, device_id, hub_id)
    online = [device for device in found if device.online]
    if not online:
        raise refuse(Code.DEVICE_OFFLINE, f"The device {device_id} is offline.")
    return _only(online)


def awaited_device(fleet: Fleet, device_id: str, hub_id: str | None) -> Device:
    """Find the device a job may wait for: one that is online, else one whose hub is.

    Raises:
        FaultError: `unknown_hub`, `unknown_device`, `ambiguous_device`, or `device_offline` where
            its hub is.
    """
    found = _found(fleet, device_id, hub_id)
    online = {hub.hub_id for hub in fleet.hubs() if hub.online}
    here = [device for device in found if device.hub_id in online]
    if not here:
        online_hub(fleet, found[0].hub_id)
    return _only([device for device in here if device.online] or here)


def _found(fleet: Fleet, device_id: str, hub_id: str | None) -> list[Device]:
    found = fleet.find(device_id)
    if hub_id is not None:
        hub_of(fleet, hub_id)
        found = [device for device in found if device.hub_id == hub_id]
    if not found:
        where = f" at hub {hub_id}" if hub_id else ""
        raise refuse(Code.UNKNOWN_DEVICE, f"There is no device {device_id}{where}.")
    return found


def _only(devices: list[Device]) -> Device:
    if len(devices) > 1:
        hubs = ", ".join(sorted(device.hub_id for device in devices))
        sentence = f"Several hubs have a device {devices[0].device_id}."
        raise refuse(Code.AMBIGUOUS_DEVICE, sentence, details=f"Hubs: {hubs}")
    return devices[0]


def hub_of(fleet: Fleet, hub_id: str) -> Hub:
    """Find a hub, online or not.

    Raises:
        FaultError: `unknown_hub`.
    """
    for hub in fleet.hubs():
        if hub.hub_id == hub_id:
            return hub
    raise refuse(Code.UNKNOWN_HUB, f"There is no hub {hub_id}.")


def online_hub(fleet: Fleet, hub_id: str) -> Hub:
    """Find the hub that an order goes to.

    Raises:
        FaultError: `unknown_hub`, or `device_offline` where the hub is.
    """
    hub = hub_of(fleet, hub_id)
    if not hub.online:
        raise refuse(
            Code.DEVICE_OFFLINE,
            f"The hub {hub_id} is offline.",
            hint="Check that it runs and reaches the broker.",
        )
    return hub
