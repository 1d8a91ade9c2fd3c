"""A device served inside the guest, seen from a test: started, unplugged, plugged in again.

Knows how such a module is run; what it is a device of is the module's.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.guest.gadget import GADGETS
from support.guest.guest import MEMORY, Guest

SERIAL = "USB_1"
OUT = MEMORY / "out" / SERIAL
"""Where the phone's partitions are, in the guest: `system.img` and so on."""

READY_S = 90.0
_SEEN_S = 30.0


class Plugged:
    """A device on the guest's bus.

    Args:
        guest: where.
        gadget: its directory's name below `GADGETS`.
        product: what it says it is, by which it is found on the host's side.
        controller: which of the device controllers it sits on.
    """

    def __init__(self, guest: Guest, gadget: str, product: str, controller: int) -> None:
        self._guest = guest
        self._plug = GADGETS / gadget / "UDC"
        self._product = product
        self._controller = f"dummy_udc.{controller}"

    def unplug(self) -> int:
        """Take it off the bus, in the middle of whatever goes on.

        Returns:
            when, in Unix milliseconds by the guest's clock.
        """
        return int(self._guest.told(f"date +%s%3N; echo >{self._plug}", _SEEN_S))

    def plug_in(self) -> None:
        """Put it back; returns when the host has seen it."""
        self._guest.told(f"echo {self._controller} >{self._plug}", _SEEN_S)
        self.seen()

    def seen(self) -> str:
        """Wait until the host lists it; gives its directory in `/sys`."""
        return listed(self._guest, self._product)


def listed(guest: Guest, product: str) -> str:
    """Wait until the guest's USB lists something that says it is so; its directory in `/sys`."""
    find = f"grep -lx {product} /sys/bus/usb/devices/*/product"
    found = guest.told(f"until {find} 2>/dev/null; do sleep 0.1; done", _SEEN_S)
    return found.strip().removesuffix("/product")


@contextmanager
def served(guest: Guest, module: str, *options: str | Path) -> Iterator[None]:
    """Run a device's module in the guest while inside, from its word `ready` to its end."""
    serving = guest.start_module(module, *options)
    try:
        serving.wait_for("ready", READY_S)
        yield
    finally:
        serving.terminate()
        done = serving.wait(READY_S)
        assert done.status == 0, done.out


@contextmanager
def plugged_in(
    guest: Guest, module: str, gadget: str, product: str, *options: str, controller: int = 0
) -> Iterator[Plugged]:
    """Run `python -m MODULE OPTIONS` in the guest while inside, from when the host sees it.

    Args:
        guest: where.
        module: serves the device and says `ready`, such as `support.guest.phone`.
        gadget: the name of the gadget it makes, without the controller's number.
        product: what it says it is, by which it is found on the host's side.
        options: the module's.
        controller: which of the device controllers it sits on.
    """
    with served(guest, module, *options, "--controller", str(controller)):
        device = Plugged(guest, f"{gadget}{controller}", product, controller)
        device.seen()
        yield device


@contextmanager
def a_phone(
    guest: Guest, *options: str, serial: str = SERIAL, controller: int = 0
) -> Iterator[Plugged]:
    """Have a phone on the bus while inside; it takes 4 MiB at once.

    Args:
        guest: where.
        options: more of those of `support.guest.phone`.
        serial: its number, which is its name, too.
        controller: which of the device controllers it sits on.
    """
    told = ("--serial", serial, "--out", str(OUT.parent), "--max-download", "4", *options)
    module, gadget = "support.guest.phone", "phone"
    with plugged_in(guest, module, gadget, serial, *told, controller=controller) as phone:
        yield phone
