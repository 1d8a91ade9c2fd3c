"""Places at which job after job breaks, and which therefore take none until somebody looked.

A place is a USB station, or what else a device is reached at. It knows no device and no journal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from flashyard.contract.faults import Code, Fault, FaultError, refuse
from flashyard.contract.model import Count, Model
from flashyard.contract.phases import Phase
from flashyard.contract.troubles import Quarantine

# Reasons of a cable, a port or a link. What a device refuses, an image that is no good, and an
# end that was asked for say nothing of the place.
_OF_THE_PLACE = frozenset(
    {
        Code.USB_UNPLUGGED,
        Code.LINK_LOST,
        Code.DEVICE_SILENT,
        Code.TIMED_OUT,
        Code.PROTOCOL_ERROR,
    }
)
_LONGEST = 200  # characters of a stage
_BEFORE_CONTACT = frozenset({Phase.QUEUED, Phase.PREPARING})


class Record(Model):
    """How a place did lately: jobs in a row that broke there, and why it is shut, if it is."""

    faults: Count = 0
    quarantine: Quarantine | None = None


class Quarantines:
    """The records of a hub's places.

    Args:
        limit: jobs in a row that shut a place; 0: none does.
        now: Unix ms.
        keep: called with a place and its new record, None where there is none any more.
    """

    def __init__(
        self,
        limit: int,
        now: Callable[[], int],
        keep: Callable[[str, Record | None], object] = lambda _place, _record: None,
    ) -> None:
        self._limit = limit
        self._now = now
        self._keep = keep
        self._records: dict[str, Record] = {}

    def restore(self, records: Iterable[tuple[str, Record]]) -> None:
        """Take what an earlier run of the hub has kept."""
        self._records.update(records)

    def at(self, place: str) -> Quarantine | None:
        """Tell why a place is shut; None: it is not."""
        return self._records.get(place, Record()).quarantine

    def check(self, place: str) -> None:
        """Refuse a job at a place that is shut.

        Raises:
            FaultError: `quarantined`.
        """
        if shut := self.at(place):
            raise quarantined(shut)

    def broke(self, place: str, why: Fault, phase: Phase) -> bool:
        """Note a job that failed in a phase; True: this has shut its place."""
        if not self._limit or why.code not in _OF_THE_PLACE or phase in _BEFORE_CONTACT:
            return False
        known = self._records.get(place, Record())
        faults = known.faults + 1
        shut = known.quarantine
        if shut is None and faults >= self._limit:
            shut = Quarantine(since=self._now(), faults=faults, code=why.code, error=why.sentence)
        self._note(place, Record(faults=faults, quarantine=shut))
        return shut is not known.quarantine

    def worked(self, place: str) -> None:
        """Note a job that was carried out: what broke before it was not the place."""
        known = self._records.get(place)
        if known is not None:
            self._note(place, known.with_(faults=0) if known.quarantine else None)

    def release(self, place: str) -> bool:
        """Let a place take jobs again; False: it was not shut."""
        was_shut = self.at(place) is not None
        if place in self._records:
            self._note(place, None)
        return was_shut

    def _note(self, place: str, record: Record | None) -> None:
        if record is None:
            del self._records[place]
        else:
            self._records[place] = record
        self._keep(place, record)


def waiting(shut: Quarantine) -> str:
    """Say what jobs wait for whose device is at a place that is shut."""
    return f"The port is in quarantine: {shut.error}"[:_LONGEST]


def quarantined(shut: Quarantine) -> FaultError:
    """Make the refusal of a job at a place that is shut."""
    jobs = "1 job" if shut.faults == 1 else f"{shut.faults} jobs in a row"
    return refuse(Code.QUARANTINED, details=f"{jobs} broke there, the last with: {shut.error}")
