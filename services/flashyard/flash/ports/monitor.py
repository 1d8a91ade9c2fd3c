"""The kernel's word that something on USB came or went. What it was, the scan tells."""

from __future__ import annotations

import logging
import select
import socket
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    import pyudev

_log = logging.getLogger(__name__)

_UDEVD = Path("/run/udev/control")
_MOST_AT_ONCE = 1000


class Monitor:
    """Wakes whoever waits; without libudev or netlink it only lets time pass.

    pyudev has no other door than this: it is loaded when a host has USB, not before.
    """

    def __init__(self) -> None:
        self._events: pyudev.Monitor | None = None
        self._bell, self._button = socket.socketpair()

    def open(self) -> None:
        """Begin to listen; rules have run by then where a udev daemon is there to run them."""
        try:
            import pyudev  # noqa: PLC0415 - it loads libudev, which not every host has

            source = "udev" if _UDEVD.exists() else "kernel"
            self._events = pyudev.Monitor.from_netlink(pyudev.Context(), source)
            for subsystem in ("usb", "block"):  # cards come and go in readers that stay
                self._events.filter_by(subsystem)
            self._events.start()
        except (ImportError, OSError) as error:
            self._events = None
            _log.warning("USB is looked at now and then only: no events of udev (%s)", error)

    def wait(self, seconds: float) -> None:
        """Wait for an event, :meth:`wake` or the time to pass; drop what has come by then."""
        sources = select.poll()
        sources.register(self._bell, select.POLLIN)
        if self._events is not None:
            sources.register(self._events, select.POLLIN)
        ready = [source for source, _ in sources.poll(max(0.0, seconds) * 1000)]
        if self._bell.fileno() in ready:
            self._bell.recv(_MOST_AT_ONCE)
        elif ready and self._events is not None:
            # An overflow loses events, not the need to look: the scan tells what there is.
            with suppress(OSError):
                for _ in range(_MOST_AT_ONCE):
                    if self._events.poll(0) is None:
                        break

    def wake(self) -> None:
        """End a wait, from any thread."""
        with suppress(OSError):
            self._button.send(b"!")

    def close(self) -> None:
        """Listen no more."""
        self._events = None
        self._bell.close()
        self._button.close()

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()
