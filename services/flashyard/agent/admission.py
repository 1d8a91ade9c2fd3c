"""May a device be given a job as it is now? Asked before the job is anything."""

from __future__ import annotations

from flashyard.agent.ports import Port
from flashyard.agent.sight import Sight
from flashyard.contract.faults import Code, FaultError, refuse
from flashyard.contract.orders import StartOrder


def admit(order: StartOrder, port: Port, sight: Sight, *, fetches: bool) -> None:
    """Refuse what cannot work; ``fetches``: can images be had at all?

    For a job that waits for its device that is not there yet, or in no mode to be flashed in.

    Raises:
        FaultError: `device_offline`, `illegal_state`, `image_required`, `image_unreachable`,
            `invalid_request`, and whatever keeps the device from being written.
    """
    if not sight.online and not order.wait_for_device:
        raise FaultError(sight.missing)
    reading = port.reading
    if not port.is_flashable and reading and not order.wait_for_device:
        raise refuse(
            Code.ILLEGAL_STATE,
            f"The device is in {reading.mode} mode, in which it cannot be flashed.",
            hint=reading.hint,
        )
    if sight.is_forbidden:
        raise FaultError(sight.missing)
    was_emulated = sight.remembered is not None and sight.remembered.emulated
    is_emulated = sight.is_emulated or (order.wait_for_device and was_emulated)
    if not order.imaged and not is_emulated:
        raise refuse(Code.IMAGE_REQUIRED)
    if order.imaged and not fetches:
        raise refuse(Code.IMAGE_UNREACHABLE, "The hub was not told where the bridge is.")
    way = order.rollback
    if way and way.kind == "last-good" and len(way.steps) != len(order.partitions):
        raise refuse(Code.INVALID_REQUEST, "The way back is not one for these partitions.")
