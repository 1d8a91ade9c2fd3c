"""A device served inside the guest, seen from a test: started, unplugged, plugged in again.

Knows how such a module is run; what it is a device of is the module's.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from support.guest.gadget import GADGETS
from support.guest.guest import Guest, Underway

READY_S = 90.0
_SEEN_S = 30.0


class Plugged:
    """A device on the guest's bus.

    Args:
        guest: where.
        gadget: its directory's name below `GADGETS`.
        serial: by which the host's side knows it.
        controller: which of the device controllers it sits on.
    """

    def __init__(self, guest: Guest, gadget: str, serial: str, controller: int) -> None:
        self._guest = guest
        self._plug = GADGETS / gadget / "UDC"
        self._serial = serial
        self._controller = f"dummy_udc.{controller}"

    def unplug(self) -> None:
        """Take it off the bus, in the middle of whatever goes on."""
        self._do(f"echo >{self._plug}")

    def plug_in(self) -> None:
        """Put it back; returns when the host has seen it."""
        self._do(f"echo {self._controller} >{self._plug}")
        self.seen()

    def seen(self) -> str:
        """Wait until the host lists it; gives its directory in `/sys`."""
        find = f"grep -lx {self._serial} /sys/bus/usb/devices/*/serial"
        found = self._do(f"until {find} 2>/dev/null; do sleep 0.1; done")
        return found.strip().removesuffix("/serial")

    def _do(self, line: str) -> str:
        done = self._guest.run(line, within=_SEEN_S)
        assert done.status == 0, done.out
        return done.out


@contextmanager
def plugged_in(
    guest: Guest, module: str, gadget: str, serial: str, *options: str, controller: int = 0
) -> Iterator[Plugged]:
    """Run `python -m MODULE OPTIONS` in the guest while inside, from when the host sees it.

    Args:
        guest: where.
        module: serves the device and says `ready`, such as `support.guest.phone`.
        gadget: the name of the gadget it makes, without the controller's number.
        serial: by which the host's side knows it.
        options: the module's.
        controller: which of the device controllers it sits on.
    """
    words = ("-m", module, *options, "--controller", str(controller))
    served = guest.start_python(*words)
    try:
        served.wait_for("ready", READY_S)
        device = Plugged(guest, f"{gadget}{controller}", serial, controller)
        device.seen()
        yield device
    finally:
        _end(served)


def _end(served: Underway) -> None:
    served.terminate()
    done = served.wait(READY_S)
    assert done.status == 0, done.out
