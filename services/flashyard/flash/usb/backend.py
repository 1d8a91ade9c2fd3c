"""Which libusb is spoken through: the system's, or else the one that comes as a package."""

from __future__ import annotations

from typing import Any, TypeAlias

import usb.backend.libusb1

from flashyard.contract.faults import Code, refuse

# pyusb has no types; these are its own IBackend, Device and Interface.
Backend: TypeAlias = Any
Device: TypeAlias = Any
Interface: TypeAlias = Any


def load_backend() -> Backend:
    """Load libusb 1.0 anew; it looks at the host's USB as it does.

    Of what comes later it hears from a udev daemon; where none runs it never does.

    Raises:
        FaultError: `not_supported`: there is none, or the host has no USB it could look at.
    """
    # pyusb keeps the first for good, and has no other way to let go of it.
    usb.backend.libusb1._lib_object = None  # noqa: SLF001
    backend = usb.backend.libusb1.get_backend() or _packaged()
    if backend is None:
        raise refuse(
            Code.NOT_SUPPORTED,
            "There is no libusb on this host, or no USB it could use.",
            hint="Install libusb-1.0-0, or `pip install libusb-package`.",
        )
    return backend


def _packaged() -> Backend | None:
    try:
        import libusb_package  # noqa: PLC0415 - only where the system has none
    except ImportError:
        return None
    return usb.backend.libusb1.get_backend(find_library=libusb_package.find_library)
