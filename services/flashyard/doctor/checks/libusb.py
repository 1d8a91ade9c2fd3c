"""Is there a libusb that speaks to this host's USB?"""

from __future__ import annotations

from collections.abc import Callable

from flashyard.contract.faults import FaultError
from flashyard.doctor.bench import Bench
from flashyard.doctor.finding import About, Finding
from flashyard.flash.usb.backend import load_backend

_ABOUT = About("libusb")


def libusb(bench: Bench, load: Callable[[], object] = load_backend) -> Finding:
    """Load it as a hub would."""
    try:
        load()
    except FaultError:
        if bench.host.usb.is_there:
            return _ABOUT.problem(
                "There is no libusb 1.0 on this host.", "sudo apt install libusb-1.0-0"
            )
        return _ABOUT.unknown("There is no USB here that a libusb could be tried on.")
    return _ABOUT.ok("libusb 1.0 is here.")
