"""What goes wrong on USB, told as faults: unplugged, silent, somebody else's, not allowed."""

from __future__ import annotations

import errno
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import usb.core

from flashyard.contract.faults import Code, FaultError, refuse
from flashyard.flash.ports.plugged import Plugged
from flashyard.flash.ports.sysfs import Sysfs

# The kernel's hub driver notices a pulled plug a moment after transfers begin to fail.
_NOTICED = 1.0  # seconds
_LOOK_AGAIN = 0.05

_GONE = frozenset({errno.ENODEV, errno.ENOENT, errno.ESHUTDOWN})


class Site(NamedTuple):
    """Where it happened: the device as it was opened, and where to look whether it is there."""

    plugged: Plugged
    sysfs: Sysfs

    def is_left(self) -> bool:
        """Has the device gone, or enumerated again? Looked at until the kernel must know."""
        deadline = time.monotonic() + _NOTICED
        while self.sysfs.is_still(self.plugged):
            if time.monotonic() >= deadline:
                return False
            time.sleep(_LOOK_AGAIN)
        return True


@contextmanager
def told_as_faults(doing: str, site: Site) -> Iterator[None]:
    """Translate what pyusb raises; ``doing`` is what we were at.

    Raises:
        FaultError: `usb_unplugged`, `device_silent` (our deadline), else `link_lost`.
    """
    try:
        yield
    except NotImplementedError as missing:
        raise refuse(
            Code.LINK_LOST, "libusb cannot do that on this host.", details=doing
        ) from missing
    except OSError as broken:  # pyusb's errors are such
        raise _fault(broken, doing, site) from broken


def _fault(broken: OSError, doing: str, site: Site) -> FaultError:
    where = site.plugged.station
    details = f"{where}: {broken}"
    if isinstance(broken, TimeoutError | usb.core.USBTimeoutError):
        return refuse(
            Code.DEVICE_SILENT, f"No word from the device while {doing}.", details=details
        )
    if broken.errno == errno.EACCES:
        return refuse(
            Code.LINK_LOST,
            "This user may not open the device.",
            hint="Have a udev rule give it away; `flashyard doctor` has one.",
            details=details,
        )
    if broken.errno == errno.EBUSY:
        return refuse(
            Code.LINK_LOST,
            "Another program holds the device.",
            hint="Stop what else talks to it: an adb server, fwupd, another fastboot.",
            details=details,
        )
    if broken.errno in _GONE or site.is_left():
        return refuse(Code.USB_UNPLUGGED, details=details)
    return refuse(
        Code.LINK_LOST,
        f"USB broke while {doing}.",
        hint="Check the cable and the hub's power, then plug it in again.",
        details=details,
    )
