"""The hubs: list, limit, and forget one that is gone."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends

from flashyard.contract.faults import Code, refuse
from flashyard.contract.model import Model
from flashyard.contract.orders import LimitsOrder
from flashyard.contract.records import Hub
from flashyard.contract.topics import Kind, Topic
from flashyard_bridge.choice import hub_of, online_hub
from flashyard_bridge.errors import ANY_ERROR, documented
from flashyard_bridge.orders import order_for
from flashyard_bridge.rest.body import require_json
from flashyard_bridge.rest.changes import HubChange, Wanted, change_schema, wanted
from flashyard_bridge.state import Bridge
from flashyard_bridge.witness.action import audited

router = APIRouter(tags=["hubs"], responses=ANY_ERROR)


class HubList(Model):
    """All hubs."""

    hubs: tuple[Hub, ...]


class OneHub(Model):
    """One hub."""

    hub: Hub


class ChangedHub(OneHub):
    """A hub with what it agreed to; ``ignored`` names the fields that mean nothing to us."""

    ignored: tuple[str, ...] = ()


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
    summary="Change a hub's limits",
    response_model_exclude_none=True,
    responses=documented(
        Code.UNKNOWN_HUB,
        Code.DEVICE_OFFLINE,
        Code.INVALID_REQUEST,
        Code.BROKER_UNREACHABLE,
        Code.HUB_NO_ANSWER,
    ),
    openapi_extra=change_schema(HubChange),
)
@audited("change_hub", HubChange)
async def change_hub(
    hub_id: str, bridge: Bridge, change: Annotated[Wanted, Depends(wanted(HubChange))]
) -> ChangedHub:
    """Change what a hub is held to, at once; jobs that run go on, however many there are."""
    hub = hub_of(bridge.fleet, hub_id)
    if change.limits:
        hub = online_hub(bridge.fleet, hub_id)
        order = order_for(hub, bridge.now(), LimitsOrder, **change.limits)
        await bridge.orders.ask(hub_id, order)
        hub = hub_of(bridge.fleet, hub_id)
    return ChangedHub(hub=hub, ignored=change.ignored)


@router.delete(
    "/api/hubs/{hub_id}",
    operation_id="forgetHub",
    summary="Forget an offline hub",
    responses=documented(Code.UNKNOWN_HUB, Code.ILLEGAL_STATE, Code.BROKER_UNREACHABLE),
    dependencies=[Depends(require_json)],
)
@audited("forget_hub")
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
