"""What a start would take, by what such jobs took before. Nothing is started."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends

from flashyard.contract.expected import Expected
from flashyard.contract.faults import Code
from flashyard.contract.model import Model
from flashyard.contract.orders import Receipt
from flashyard.contract.phases import Status
from flashyard_bridge.errors import ANY_ERROR, documented
from flashyard_bridge.picture.ordered import ordered_job
from flashyard_bridge.rest.plan import REFUSALS, plan_start
from flashyard_bridge.rest.request import StartRequest, start_request, start_schema
from flashyard_bridge.state import Bridge
from flashyard_bridge.witness.action import harmless

router = APIRouter(tags=["flash"], responses=ANY_ERROR)


class Foreseen(Model):
    """What is usual for such a job; absent where the history has too few like it."""

    success: Literal[True] = True
    device_id: str
    expected: Expected | None = None


@router.post(
    "/api/flash/expected",
    operation_id="foreseeFlash",
    summary="Tell what a start would take",
    response_model_exclude_none=True,
    responses=documented(
        *REFUSALS,
        Code.UNKNOWN_DEVICE,
        Code.UNKNOWN_HUB,
        Code.DEVICE_OFFLINE,
        Code.AMBIGUOUS_DEVICE,
        Code.PAYLOAD_TOO_LARGE,
        Code.UNSUPPORTED_MEDIA_TYPE,
        Code.INVALID_REQUEST,
        Code.NOT_SUPPORTED,
        Code.PARTITION_REQUIRED,
        Code.BROKER_UNREACHABLE,
        Code.DATABASE_UNREACHABLE,
    ),
    openapi_extra=start_schema(),
)
@harmless
async def foresee(
    request: Annotated[StartRequest, Depends(start_request)], bridge: Bridge
) -> Foreseen:
    """Take the body of a start, refuse it as a start would be, and start nothing."""
    plan = await plan_start(bridge, request)
    order = plan.order
    receipt = Receipt(
        order_id=order.order_id, accepted=True, job_id=order.job_id, status=Status.QUEUED
    )
    job = ordered_job(order, plan.hub_id, receipt, order.device_id)
    return Foreseen(device_id=order.device_id, expected=await bridge.outlook.foresee(job))
