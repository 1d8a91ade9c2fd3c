"""The devices: list, look, limit, release from quarantine, and forget one that is gone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query

from flashyard.contract.faults import Code, FaultError, refuse
from flashyard.contract.model import HubId, Model
from flashyard.contract.orders import LimitsOrder, ReleaseOrder
from flashyard.contract.records import Device
from flashyard.contract.standing import ListedDevice
from flashyard.contract.topics import Kind, Topic
from flashyard_bridge.choice import any_device, online_hub
from flashyard_bridge.errors import ANY_ERROR, documented
from flashyard_bridge.orders import order_for
from flashyard_bridge.rest.body import require_json
from flashyard_bridge.rest.changes import DeviceChange, Wanted, change_schema, wanted
from flashyard_bridge.state import Bridge, BridgeState
from flashyard_bridge.witness.action import audited

router = APIRouter(tags=["devices"], responses=ANY_ERROR)

_ORDERED = documented(
    Code.UNKNOWN_DEVICE,
    Code.UNKNOWN_HUB,
    Code.AMBIGUOUS_DEVICE,
    Code.DEVICE_OFFLINE,
    Code.BROKER_UNREACHABLE,
    Code.HUB_NO_ANSWER,
)

AtHub = Annotated[HubId | None, Query(alias="hubId", description="where several hubs have it")]


class DeviceList(Model):
    """All devices; one that is at two hubs is there twice."""

    devices: tuple[ListedDevice, ...]
    count: int


class OneDevice(Model):
    """One device."""

    device: ListedDevice


class ChangedDevice(OneDevice):
    """A device with what its hub agreed to; ``ignored``: the fields that mean nothing to us."""

    ignored: tuple[str, ...] = ()


class DeviceForgotten(Model):
    """A device that is no longer listed."""

    success: Literal[True] = True
    device_id: str
    hub_id: str


@router.get(
    "/api/devices",
    operation_id="listDevices",
    summary="List devices",
    response_model_exclude_none=True,
    responses=documented(Code.BROKER_UNREACHABLE),
)
@router.get("/api/flash/devices", include_in_schema=False, response_model_exclude_none=True)
async def list_devices(bridge: Bridge) -> DeviceList:
    """List the devices of all hubs, offline ones too."""
    devices = sorted(bridge.fleet.devices(), key=lambda device: (device.hub_id, device.device_id))
    return DeviceList(devices=await _listed(bridge, devices), count=len(devices))


@router.get(
    "/api/devices/{device_id}",
    operation_id="getDevice",
    summary="Look at a device",
    response_model_exclude_none=True,
    responses=documented(
        Code.UNKNOWN_DEVICE, Code.UNKNOWN_HUB, Code.AMBIGUOUS_DEVICE, Code.BROKER_UNREACHABLE
    ),
)
async def get_device(device_id: str, bridge: Bridge, hub_id: AtHub = None) -> OneDevice:
    """Look at a device; of two with this id, the one that is online."""
    [device] = await _listed(bridge, [any_device(bridge.fleet, device_id, hub_id)])
    return OneDevice(device=device)


@router.patch(
    "/api/devices/{device_id}",
    operation_id="changeDevice",
    summary="Limit a device's bandwidth",
    response_model_exclude_none=True,
    responses=_ORDERED | documented(Code.INVALID_REQUEST),
    openapi_extra=change_schema(DeviceChange),
)
@audited("change_device", DeviceChange)
async def change_device(
    device_id: str,
    bridge: Bridge,
    change: Annotated[Wanted, Depends(wanted(DeviceChange))],
    hub_id: AtHub = None,
) -> ChangedDevice:
    """Limit what a device is sent, whatever the job, at once."""
    device = any_device(bridge.fleet, device_id, hub_id)
    if change.limits:
        hub = online_hub(bridge.fleet, device.hub_id)
        order = order_for(hub, bridge.now(), LimitsOrder, device_id=device_id, **change.limits)
        await bridge.orders.ask(hub.hub_id, order)
    changed = await get_device(device_id, bridge, device.hub_id)
    return ChangedDevice(device=changed.device, ignored=change.ignored)


@router.post(
    "/api/devices/{device_id}/release",
    operation_id="releaseDevice",
    summary="Release a device from quarantine",
    response_model_exclude_none=True,
    responses=_ORDERED,
    dependencies=[Depends(require_json)],
)
@audited("release_device")
async def release_device(device_id: str, bridge: Bridge, hub_id: AtHub = None) -> OneDevice:
    """Let a device take jobs again after too many faults in a row; one that may stays as it is."""
    device = any_device(bridge.fleet, device_id, hub_id)
    hub = online_hub(bridge.fleet, device.hub_id)
    if device.quarantine is not None:
        order = order_for(hub, bridge.now(), ReleaseOrder, device_id=device_id)
        await bridge.orders.ask(hub.hub_id, order)
    return await get_device(device_id, bridge, device.hub_id)


@router.delete(
    "/api/devices/{device_id}",
    operation_id="forgetDevice",
    summary="Forget an offline device",
    responses=documented(
        Code.UNKNOWN_DEVICE,
        Code.UNKNOWN_HUB,
        Code.AMBIGUOUS_DEVICE,
        Code.ILLEGAL_STATE,
        Code.BROKER_UNREACHABLE,
    ),
    dependencies=[Depends(require_json)],
)
@audited("forget_device")
async def forget_device(device_id: str, bridge: Bridge, hub_id: AtHub = None) -> DeviceForgotten:
    """Forget an offline device; it is listed again when its hub sees it again."""
    device = any_device(bridge.fleet, device_id, hub_id)
    if device.online:
        raise refuse(
            Code.ILLEGAL_STATE, f"The device {device_id} is online.", hint="Unplug it first."
        )
    await bridge.clear(Topic(Kind.DEVICE, device.hub_id, device_id))
    bridge.publish(bridge.fleet.forget_device(device.hub_id, device_id))
    return DeviceForgotten(device_id=device_id, hub_id=device.hub_id)


async def _listed(bridge: BridgeState, devices: Sequence[Device]) -> tuple[ListedDevice, ...]:
    """Tell devices with how they stand; where nobody can tell, they are devices all the same."""
    try:
        standings = await bridge.standing.standings(devices, bridge.fleet.devices())
    except FaultError as error:
        if error.fault.code is not Code.DATABASE_UNREACHABLE:
            raise
        standings = [None] * len(devices)
    return tuple(
        ListedDevice.model_construct(**dict(_told(bridge, device)), standing_order=standing)
        for device, standing in zip(devices, standings, strict=True)
    )


def _told(bridge: BridgeState, device: Device) -> Device:
    if device.current_job is None:
        return device
    return device.with_(current_job=bridge.outlook.tell_briefly(device.current_job))
