"""Is the device that is met again the one an earlier run left, and as that run left it?"""

from __future__ import annotations

from flashyard.contract.faults import Code, refuse
from flashyard.flash.running.mark import Mark
from flashyard.flash.target import Description


def check_same(device: Description, since: Mark | None) -> None:
    """Refuse to go on with another device, or with one that starts from elsewhere by now.

    Raises:
        FaultError: `device_mismatch`: another serial or product; `interrupted`: another slot.
    """
    if since is None or not since.met:
        return
    if device.serial != since.serial:
        found, wanted = device.serial, since.serial
        raise refuse(Code.DEVICE_MISMATCH, details=f"wanted serial {wanted}, found {found}")
    if device.mode != since.mode:
        return  # its other programs have other words for the rest
    if device.product != since.product:
        found, wanted = device.product, since.product
        raise refuse(Code.DEVICE_MISMATCH, details=f"wanted product {wanted}, found {found}")
    if device.current_slot != since.slot:
        raise refuse(
            Code.INTERRUPTED,
            "The device starts from another slot than when the job was interrupted.",
            details=f"slot {device.current_slot}, not {since.slot}",
        )
