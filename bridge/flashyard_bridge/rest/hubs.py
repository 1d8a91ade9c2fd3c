"""The hubs: list, and forget one that is gone."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Depends

from flashyard.contract.faults import Code, refuse
from flashyard.contract.model import Model
from flashyard.contract.records import Hub
from flashyard.contract.topics import Kind, Topic
from flashyard_bridge.choice import hub_of
from flashyard_bridge.errors import ANY_ERROR, documented
from flashyard_bridge.rest.body import require_json
from flashyard_bridge.state import Bridge

router = APIRouter(tags=["hubs"], responses=ANY_ERROR)


class HubList(Model):
    """All hubs."""

    hubs: tuple[Hub, ...]


class OneHub(Model):
    """One hub."""

    hub: Hub


class HubForgotten(Model):
    """A hub that is no longer listed, nor are its devices."""

    success: Literal[True] = True
    hub_id: str


@router.get(
    "/api/hubs",
    operation_id="listHubs",
    summary="List hubs",
    response_model_exclude_none=True,
    responses=documented(Code.BROKER_UNREACHABLE),
)
async def list_hubs(bridge: Bridge) -> HubList:
    """List the hubs, offline ones too."""
    return HubList(hubs=tuple(sorted(bridge.fleet.hubs(), key=lambda hub: hub.hub_id)))


@router.patch(
    "/api/hubs/{hub_id}",
    operation_id="changeHub",
    summary="Change a hub's limits (not supported yet)",
    responses=documented(Code.UNKNOWN_HUB, Code.NOT_SUPPORTED),
    dependencies=[Depends(require_json)],
)
async def change_hub(hub_id: str, bridge: Bridge) -> OneHub:
    """Refuse: a hub's limits cannot be changed from here yet."""
    hub_of(bridge.fleet, hub_id)
    raise refuse(
        Code.NOT_SUPPORTED,
        "A hub's limits cannot be changed from here yet.",
        hint="Restart the hub with --max-parallel.",
    )


@router.delete(
    "/api/hubs/{hub_id}",
    operation_id="forgetHub",
    summary="Forget an offline hub",
    responses=documented(Code.UNKNOWN_HUB, Code.ILLEGAL_STATE, Code.BROKER_UNREACHABLE),
    dependencies=[Depends(require_json)],
)
async def forget_hub(hub_id: str, bridge: Bridge) -> HubForgotten:
    """Forget an offline hub with all its devices; it is listed again when it comes back."""
    if hub_of(bridge.fleet, hub_id).online:
        raise refuse(Code.ILLEGAL_STATE, f"The hub {hub_id} is online.", hint="Stop it first.")
    theirs = [device for device in bridge.fleet.devices() if device.hub_id == hub_id]
    for device in theirs:
        await bridge.clear(Topic(Kind.DEVICE, hub_id, device.device_id))
    await bridge.clear(Topic(Kind.PRESENCE, hub_id))
    bridge.publish(bridge.fleet.forget_hub(hub_id))
    return HubForgotten(hub_id=hub_id)
