"""Whether a host has configured the gadget, and for which time: who comes back meets a new session.

Follows a function's events in a thread of its own; knows no class of device.
"""

from __future__ import annotations

from threading import Condition, Thread

from support.guest.functionfs import Event, FunctionFs


class Hosts:
    """The visits of hosts, counted; a visit ends with a pulled plug or a reset of the bus.

    Attributes:
        visit: the number of the present visit, or 0.
    """

    def __init__(self, function: FunctionFs) -> None:
        self.visit = 0
        self._visits = 0
        self._function = function
        self._changed = Condition()

    def watch(self) -> None:
        """Follow the events from now on, as long as the process lives."""
        Thread(target=self._follow, name="usb-events", daemon=True).start()

    def wait(self, within: float) -> int:
        """Wait for a host; the number of its visit, or 0 where none has come in so many seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self.visit, within)
            return self.visit

    def _follow(self) -> None:
        for event in self._function.events():
            with self._changed:
                if event is Event.ENABLE:
                    self._visits += 1
                    self.visit = self._visits
                elif event in {Event.DISABLE, Event.UNBIND}:
                    self.visit = 0
                self._changed.notify_all()
