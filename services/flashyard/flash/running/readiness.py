"""May a device be written now: is it unlocked, is there charge enough? By its own words."""

from __future__ import annotations

from collections.abc import Iterable

from flashyard.contract.faults import Code, refuse
from flashyard.flash.running import denied
from flashyard.flash.target import Bootloader, Description

# What bootloaders call the lock some have for their own chain alone.
_CRITICAL_LOCKS = ("unlocked-critical", "unlocked_critical", "critical-unlocked")
_NO = frozenset({"no", "false"})


def check(device: Description, bootloader: Bootloader | None, partitions: Iterable[str]) -> None:
    """Refuse what cannot be written now; a lock of its own is asked for where it matters.

    Raises:
        FaultError: `device_locked`, `battery_low`.
    """
    if device.locked:
        raise refuse(Code.DEVICE_LOCKED)
    critical = next(filter(denied.is_critical, partitions), None)
    if critical is not None and bootloader is not None:
        _check_lock(bootloader, critical)
    if device.battery_ok is False:
        raise refuse(Code.BATTERY_LOW, details=f"{device.battery_mv} mV")


def _check_lock(bootloader: Bootloader, critical: str) -> None:
    for name in _CRITICAL_LOCKS:
        if (bootloader.ask(name) or "").lower() in _NO:
            raise refuse(
                Code.DEVICE_LOCKED,
                f"The bootloader locks {critical} separately from all others.",
                hint="Unlock it with `fastboot flashing unlock_critical`, then retry.",
                details=f"{name}: no",
            )
