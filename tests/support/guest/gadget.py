"""A USB device made of software: its identity, and the plug, through Linux's configfs.

Follows Linux "Documentation/usb/gadget_configfs.rst". Knows no function: those have modules of
their own.
"""

from __future__ import annotations

import errno
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, Self

GADGETS = Path("/sys/kernel/config/usb_gadget")
_ENGLISH = "strings/0x409"
_CONFIG = "configs/c.1"
_BUSY_S = 5.0


class Identity(NamedTuple):
    """What the device's descriptors and strings say."""

    vendor: int
    product: int
    serial: str
    manufacturer: str = "flashyard"
    name: str = "gadget"
    speed: str = "super-speed"  # or high-speed, full-speed


class Gadget:
    """A device, there but not plugged in, between entering and leaving the context.

    Args:
        name: of its directory below `GADGETS`.
        identity: what it says it is.
        function: `KIND.NAME` of its one function, such as `ffs.phone`.
        attributes: files of the function's directory to write, by their path in it.
        controller: which of the guest's device controllers it sits on.
    """

    def __init__(
        self,
        name: str,
        identity: Identity,
        function: str,
        attributes: dict[str, str] | None = None,
        controller: int = 0,
    ) -> None:
        self.path = GADGETS / name
        self._identity = identity
        self._function = function
        self._attributes = attributes or {}
        self._controller = f"dummy_udc.{controller}"

    def __enter__(self) -> Self:
        """Make it; the function's process can then describe it, before it is plugged in."""
        self.path.mkdir()
        (self.path / _ENGLISH).mkdir()
        self.become(self._identity)
        function = self.path / "functions" / self._function
        function.mkdir()
        for attribute, value in self._attributes.items():
            (function / attribute).write_text(value)
        (self.path / _CONFIG).mkdir()
        (self.path / _CONFIG / self._function).symlink_to(function)
        return self

    def __exit__(self, *_: object) -> None:
        self.unplug()
        (self.path / _CONFIG / self._function).unlink()
        for made in (_CONFIG, f"functions/{self._function}", _ENGLISH, ""):
            (self.path / made).rmdir()

    def become(self, identity: Identity) -> None:
        """Take on another identity; a host sees it when it is plugged in next."""
        for attribute, value in (
            ("max_speed", identity.speed),
            ("idVendor", f"{identity.vendor:#06x}"),
            ("idProduct", f"{identity.product:#06x}"),
            (f"{_ENGLISH}/serialnumber", identity.serial),
            (f"{_ENGLISH}/manufacturer", identity.manufacturer),
            (f"{_ENGLISH}/product", identity.name),
        ):
            (self.path / attribute).write_text(value)

    @property
    def is_plugged_in(self) -> bool:
        return bool((self.path / "UDC").read_text().strip())

    def plug_in(self) -> None:
        """Put it on the bus; it waits for a controller that still lets go of another gadget.

        Raises:
            OSError: the controller is taken.
        """
        deadline = time.monotonic() + _BUSY_S
        while True:
            try:
                (self.path / "UDC").write_text(self._controller)
            except OSError as error:
                if error.errno != errno.EBUSY or time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
            else:
                return

    def unplug(self) -> None:
        """Take it off the bus, in the middle of whatever goes on; it may be off already."""
        with suppress(OSError):
            (self.path / "UDC").write_text("\n")
