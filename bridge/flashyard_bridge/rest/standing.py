"""Standing orders: list, look, make, change and remove them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends

from flashyard.contract.faults import Code
from flashyard.contract.model import Model
from flashyard.contract.requester import Requester
from flashyard.contract.standing import STOP_AFTER, StandingOrder
from flashyard_bridge.errors import ANY_ERROR, documented
from flashyard_bridge.rest.body import require_json
from flashyard_bridge.rest.request import StartRequest
from flashyard_bridge.rest.standing_wish import StandingWish, check, standing_wish, wish_schema
from flashyard_bridge.state import AnyTimeBridge
from flashyard_bridge.witness.action import audited
from flashyard_bridge.witness.caller import Caller

_WISHES = (
    Code.INVALID_REQUEST,
    Code.NOT_SUPPORTED,
    Code.PARTITION_REQUIRED,
    Code.IMAGE_REQUIRED,
    Code.UNKNOWN_IMAGE,
    Code.PAYLOAD_TOO_LARGE,
    Code.UNSUPPORTED_MEDIA_TYPE,
    Code.DATABASE_UNREACHABLE,
)

router = APIRouter(tags=["standing orders"], responses=ANY_ERROR)
AskedWish = Annotated[StandingWish, Depends(standing_wish)]


class StandingOrders(Model):
    """All of them, the oldest first: a device is under the first that is enabled and means it."""

    standing_orders: tuple[StandingOrder, ...]
    count: int


class OneStandingOrder(Model):
    """One; ``ignored`` names the request's fields that mean nothing to us."""

    standing_order: StandingOrder
    ignored: tuple[str, ...] = ()


class StandingOrderRemoved(Model):
    """One that is no more."""

    success: Literal[True] = True
    id: str


@router.get(
    "/api/standing-orders",
    operation_id="listStandingOrders",
    summary="List standing orders",
    response_model_exclude_none=True,
    responses=documented(Code.DATABASE_UNREACHABLE),
)
async def list_orders(bridge: AnyTimeBridge) -> StandingOrders:
    """List them with their counts."""
    orders = await bridge.standing.all()
    return StandingOrders(standing_orders=tuple(orders), count=len(orders))


@router.post(
    "/api/standing-orders",
    operation_id="addStandingOrder",
    summary="Make a standing order",
    status_code=201,
    response_model_exclude_none=True,
    responses=documented(*_WISHES),
    openapi_extra=wish_schema(),
)
@audited("add_standing_order", StandingWish, StartRequest)
async def add_order(wish: AskedWish, bridge: AnyTimeBridge, caller: Caller) -> OneStandingOrder:
    """Have whatever is plugged in flashed, once per serial; off, unless it is made `enabled`."""
    await check(bridge, wish)
    row = {"enabled": False, "stop_after_failures": STOP_AFTER, **_columns(wish, caller)}
    return OneStandingOrder(standing_order=await bridge.standing.add(row), ignored=wish.ignored)


@router.get(
    "/api/standing-orders/{order_id}",
    operation_id="getStandingOrder",
    summary="Look at a standing order",
    response_model_exclude_none=True,
    responses=documented(Code.UNKNOWN_STANDING_ORDER, Code.DATABASE_UNREACHABLE),
)
async def get_order(order_id: str, bridge: AnyTimeBridge) -> OneStandingOrder:
    """Look at one."""
    return OneStandingOrder(standing_order=await bridge.standing.get(order_id))


@router.patch(
    "/api/standing-orders/{order_id}",
    operation_id="changeStandingOrder",
    summary="Change, start or stop a standing order",
    response_model_exclude_none=True,
    responses=documented(Code.UNKNOWN_STANDING_ORDER, *_WISHES),
    openapi_extra=wish_schema(),
)
@audited("change_standing_order", StandingWish, StartRequest)
async def change_order(
    order_id: str, wish: AskedWish, bridge: AnyTimeBridge, caller: Caller
) -> OneStandingOrder:
    """Change what is given; failures are counted anew, and what failed may be tried again.

    With another `flash` every serial is due again.
    """
    old = await bridge.standing.get(order_id)
    given = {"where": wish.where or old.where, "flash": wish.flash or old.flash}
    if wish.enabled is not False:
        await check(bridge, old.with_(**given))
    order = await bridge.standing.change(order_id, _columns(wish, caller))
    return OneStandingOrder(standing_order=order, ignored=wish.ignored)


@router.delete(
    "/api/standing-orders/{order_id}",
    operation_id="removeStandingOrder",
    summary="Remove a standing order",
    responses=documented(Code.UNKNOWN_STANDING_ORDER, Code.DATABASE_UNREACHABLE),
    dependencies=[Depends(require_json)],
)
@audited("remove_standing_order")
async def remove_order(order_id: str, bridge: AnyTimeBridge) -> StandingOrderRemoved:
    """Remove one, and what it remembers; its jobs go on."""
    await bridge.standing.remove(order_id)
    return StandingOrderRemoved(id=order_id)


def _columns(wish: StandingWish, caller: Requester) -> dict[str, Any]:
    """Tell what is given by the names it is kept under."""
    row: dict[str, Any] = {
        "name": wish.name,
        "place": wish.where and wish.where.model_dump(by_alias=True, exclude_none=True),
        "flash": wish.flash,
        "stop_after_failures": wish.stop_after_failures,
        "max_devices": wish.max_devices,
        "enabled": wish.enabled,
        "asked_by": caller,
    }
    return {name: value for name, value in row.items() if value is not None}
