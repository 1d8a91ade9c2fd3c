"""Which devices a batch is for, and whether each of them can be flashed so. Starts nothing.

Either all can, or nothing is begun and whoever asked is told of all that cannot.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from flashyard.contract.faults import Code, Fault, FaultError, fault, refuse
from flashyard.contract.records import Device
from flashyard_bridge.batches.kept import KeptItem
from flashyard_bridge.batches.place import BatchDevice, BatchPlace
from flashyard_bridge.choice import any_device
from flashyard_bridge.errors import RequestError
from flashyard_bridge.rest.plan import plan_start
from flashyard_bridge.rest.request import StartRequest
from flashyard_bridge.standing.decision import WHOLE_DISK, fits
from flashyard_bridge.state import BridgeState

_NAMED = 10  # devices in a sentence; the details have all


def meant(devices: Iterable[Device], place: BatchPlace, start: StartRequest) -> list[BatchDevice]:
    """Find the online devices that a filter means.

    A disk holds somebody's files, and what runs its own firmware is somebody's keyboard: the one
    is meant only where it is said so and the whole disk is written, the other never.

    Raises:
        RequestError: `unknown_device`: there is none.
    """
    fitting = [each for each in devices if each.online and fits(place, each)]
    if place.transport is not None:
        fitting = [each for each in fitting if each.transport == place.transport]
    is_for_disks = start.partition == WHOLE_DISK
    found = [
        each
        for each in fitting
        if each.mode != "normal"
        and (each.mode == "storage") is is_for_disks
        and (place.disks or not is_for_disks)
    ]
    if not found:
        words = "No online device fits the filter" + (
            " but such as are flashed by name." if fitting else "."
        )
        hint = "`disks: true` means disks, too." if is_for_disks and not place.disks else None
        raise RequestError(fault(Code.UNKNOWN_DEVICE, words, hint=hint), field="filter")
    found.sort(key=lambda each: (each.hub_id, each.device_id))
    return [BatchDevice(device_id=each.device_id, hub_id=each.hub_id) for each in found]


async def examined(
    bridge: BridgeState, start: StartRequest, wanted: Sequence[BatchDevice]
) -> tuple[list[KeptItem], int]:
    """Plan the start for each device; return the items, and the content bytes of the largest.

    Raises:
        FaultError: of some device or other it is refused; all of them are named.
    """
    items: dict[tuple[str, str], KeptItem] = {}
    refused: list[tuple[str, Fault]] = []
    most = 0
    for number, each in enumerate(wanted):
        await asyncio.sleep(0)  # there may be many, and others have their turn
        request = start.with_(device_id=each.device_id, hub_id=each.hub_id)
        try:
            plan = await plan_start(bridge, request)
            device = any_device(bridge.fleet, each.device_id, plan.hub_id)
            if (plan.hub_id, each.device_id) in items:
                raise refuse(Code.INVALID_REQUEST, f"{each.device_id} is named twice.")
        except FaultError as error:
            refused.append((each.device_id, error.fault))
            continue
        most = max(most, plan.order.total_bytes)
        items[plan.hub_id, each.device_id] = KeptItem(
            number=number,
            hub_id=plan.hub_id,
            device_id=each.device_id,
            device_name=device.device_name,
            serial=device.serial,
        )
    if refused:
        raise _refusal(refused, len(wanted))
    return list(items.values()), most


def _refusal(refused: Sequence[tuple[str, Fault]], total: int) -> FaultError:
    """Make one refusal of many: their own, where all say the same or there is but one."""
    device_id, first = refused[0]
    if len(refused) == total and len({why.sentence for _, why in refused}) == 1:
        return FaultError(first)
    names = [name for name, _ in refused]
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    sentence = (
        f"{device_id}: {first.sentence} Nothing was started."
        if len(refused) == 1
        else f"{len(refused)} of {total} devices cannot be flashed so: "
        f"{', '.join(names[:_NAMED])}{more}. Nothing was started."
    )
    details = "; ".join(f"{name}: {why.code}: {why.sentence}" for name, why in refused)
    hint = "Leave them out, or see to them first."
    return RequestError(fault(first.code, sentence, hint=hint, details=details), field="devices")
