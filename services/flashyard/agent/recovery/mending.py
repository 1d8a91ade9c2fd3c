"""Of one device: does a job that broke go on, and does its place take more of them?

It decides, and keeps count; it begins and ends no job.
"""

from __future__ import annotations

import logging

from flashyard.agent.gear import Gear
from flashyard.agent.line import Line
from flashyard.agent.ports import Port
from flashyard.agent.recovery.backoff import Again, once_more
from flashyard.agent.recovery.quarantine import waiting
from flashyard.contract.faults import Fault
from flashyard.flash.running.run import Run

_log = logging.getLogger(__name__)


class Mending:
    """Of the device at one port; ``line``: the way to it."""

    def __init__(self, port: Port, gear: Gear, line: Line) -> None:
        self._port = port
        self._gear = gear
        self._line = line
        self._place = port.place  # of the job that runs

    def in_the_way(self) -> str | None:
        """What keeps all jobs waiting, in words; None: nothing does."""
        shut = self._gear.quarantines.at(self._port.place)
        return waiting(shut) if shut else None

    def check(self) -> None:
        """Refuse a job at a place that takes none; raises `quarantined`."""
        self._gear.quarantines.check(self._port.place)

    def release(self) -> bool:
        """Have the place take jobs again; False: it did."""
        was_shut = self._gear.quarantines.release(self._port.place)
        if was_shut:
            _log.info("%s is released from quarantine", self._port.place)
        return was_shut

    def begins(self) -> None:
        """Note where a job begins: it may have been pulled out, and be elsewhere, once it ends."""
        self._place = self._port.place

    def again(self, run: Run, why: Fault) -> Again | None:
        """Tell whether a run is gone on with; not where its thread does not let the device go."""
        if self._line.is_stuck:
            return None
        backoff = self._gear.timing.link_again
        return once_more(why, run.where.phase, run.mark.tried, self._gear.retries, backoff)

    def ended(self, run: Run, why: Fault | None) -> None:
        """Hold a job that broke against its place; ``why`` is None where it was carried out.

        Before its end is told, so that what is told then tells a quarantine, too.
        """
        places = self._gear.quarantines
        if why is None:
            places.worked(self._place)
        elif places.broke(self._place, why, run.where.phase):
            _log.warning("%s takes no more jobs until it is released", self._place)
