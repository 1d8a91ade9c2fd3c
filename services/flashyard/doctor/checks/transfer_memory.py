"""Is there memory for the transfers of as many devices as are flashed at once?

Source: Linux, `usbcore.usbfs_memory_mb`: for all USB transfers of a host together; 0: no limit.
"""

from __future__ import annotations

from contextlib import ExitStack

from flashyard.doctor.bench import Bench
from flashyard.doctor.finding import About, Finding
from flashyard.flash.usb.budget import FAIR, LARGEST, Budget

_ABOUT = About("usbfs memory")
_PARAMETER = "sys/module/usbcore/parameters/usbfs_memory_mb"


def transfer_memory(bench: Bench, at_once: int) -> Finding:
    """Tell what the memory means for ``at_once`` devices, by the very budget a hub keeps to."""
    told = bench.host.word(_PARAMETER)
    if told is None or not told.isdigit():
        return _ABOUT.unknown("The kernel does not tell usbfs_memory_mb: there is no USB here.")
    if told == "0":
        return _ABOUT.ok("usbfs_memory_mb is 0: USB transfers have no limit.")
    memory = int(told) << 20
    share = _share(memory, at_once)
    said = f"usbfs_memory_mb is {told}: {_most(memory)} devices at once can have 1 MiB in flight"
    if share == LARGEST:
        return _ABOUT.ok(f"{said}.")
    said = f"{said}, and {at_once} (--max-parallel) {share >> 10} KiB each"
    if share * at_once <= memory * 3 // 4:
        return _ABOUT.ok(f"{said}, which costs next to nothing.")
    return _ABOUT.warning(
        f"{said}, so that some wait for others.",
        f"echo {_needed(at_once)} | sudo tee /{_PARAMETER}",
    )


def _share(memory: int, devices: int) -> int:
    budget = Budget(memory)
    with ExitStack() as sessions:
        for _ in range(devices):
            sessions.enter_context(budget.session())
        return budget.share


def _most(memory: int) -> int:
    return max(1, memory * 3 // 4 // LARGEST)


def _needed(devices: int) -> int:
    """Tell the MiB of which every device is given its fair share twice over."""
    return max(64, devices * FAIR * 2 * 4 // 3 >> 20)
