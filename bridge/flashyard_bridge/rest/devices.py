"""The devices: list, look, and forget one that is gone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query

from flashyard.contract.faults import Code, FaultError, refuse
from flashyard.contract.model import HubId, Model
from flashyard.contract.records import Device
from flashyard.contract.standing import ListedDevice
from flashyard.contract.topics import Kind, Topic
from flashyard_bridge.choice import any_device
from flashyard_bridge.errors import ANY_ERROR, documented
from flashyard_bridge.rest.body import require_json
from flashyard_bridge.state import Bridge, BridgeState

router = APIRouter(tags=["devices"], responses=ANY_ERROR)

AtHub = Annotated[HubId | None, Query(alias="hubId", description="where several hubs have it")]


class DeviceList(Model):
    """All devices; one that is at two hubs is there twice."""

    devices: tuple[ListedDevice, ...]
    count: int


class OneDevice(Model):
    """One device."""

    device: ListedDevice


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
        ListedDevice.model_construct(**dict(device), standing_order=standing)
        for device, standing in zip(devices, standings, strict=True)
    )
