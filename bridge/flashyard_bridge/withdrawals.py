"""Starts that are taken back: whoever asked was told that they failed, though a hub may have them.

Each is cancelled in the run of its hub that is there, and in each later one, until that hub has
said what became of it. How that is published is not known here.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from flashyard.contract.faults import Code
from flashyard.contract.orders import Answer
from flashyard.contract.records import Hub
from flashyard_bridge.picture.fleet import Fleet

_log = logging.getLogger(__name__)

Cancel = Callable[[str, str, str], str | None]


@dataclass(slots=True)
class _Withdrawal:
    """``session``: whose hub was told, ``order_id``: by which cancel; None: it is yet to be."""

    hub_id: str
    session: str | None = None
    order_id: str | None = None


class Withdrawals:
    """The starts that are being taken back, the last ``size`` of them.

    Args:
        fleet: knows which hubs are there, and by which session.
        cancel: publishes the cancel of a job: to a hub, by job id, for a session; it returns the
            order's id, None: it could not be published.
        size: of more than so many the oldest is left to itself.
    """

    def __init__(self, fleet: Fleet, cancel: Cancel, size: int) -> None:
        self._fleet = fleet
        self._cancel = cancel
        self._size = size
        self._open: dict[str, _Withdrawal] = {}  # by job id

    def add(self, hub_id: str, job_id: str) -> None:
        """Take a start back: now if its hub is there, else once it is."""
        self._open[job_id] = _Withdrawal(hub_id)
        if len(self._open) > self._size:
            oldest = next(iter(self._open))
            del self._open[oldest]
            _log.warning("%s may have begun, and is not cancelled: too many wait for that", oldest)
        hub = self._fleet.hub(hub_id)
        if hub is not None and hub.online:
            self._tell(job_id, hub.session)

    def drop(self, job_id: str) -> None:
        """Let a job be: it was asked for again, and is somebody's now."""
        self._open.pop(job_id, None)

    def hub_heard(self, hub: Hub) -> None:
        """A hub says that it is there, or that it is not: what it was sent may be lost with it."""
        for job_id, each in self._open.items():
            if each.hub_id != hub.hub_id:
                continue
            if not hub.online:
                each.session = None
            elif each.session != hub.session:
                self._tell(job_id, hub.session)

    def link_down(self) -> None:
        """The broker is lost, and with it what was on its way to a hub or from one."""
        for each in self._open.values():
            each.session = None

    def answered(self, hub_id: str, answer: Answer) -> None:
        """Take a hub's answer: all but `stale_order` are its last word."""
        for job_id, each in self._open.items():
            if (each.hub_id, each.order_id) == (hub_id, answer.order_id):
                if answer.code is Code.STALE_ORDER:
                    each.session = None
                else:
                    del self._open[job_id]
                return

    def _tell(self, job_id: str, session: str) -> None:
        each = self._open[job_id]
        each.order_id = self._cancel(each.hub_id, job_id, session)
        each.session = None if each.order_id is None else session
