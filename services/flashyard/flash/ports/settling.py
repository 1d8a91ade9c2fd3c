"""When a change of what is plugged in counts: once it has stood for a while. It reads no clock."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from flashyard.flash.ports.plugged import Plugged

SETTLED = 0.4  # seconds; a plug that is being pushed in bounces, and events come twice


class Change(NamedTuple):
    """What is at a station now, where it was something else that was told last."""

    station: str
    before: Plugged | None
    after: Plugged | None


class _Candidate(NamedTuple):
    what: Plugged | None
    since: float


class Settling:
    """Turns scans into changes. ``settled``: seconds a thing must stay to be told."""

    def __init__(self, settled: float = SETTLED) -> None:
        self._settled = settled
        self._has_begun = False
        self._told: dict[str, Plugged] = {}
        self._candidates: dict[str, _Candidate] = {}

    def observe(self, seen: Mapping[str, Plugged], now: float) -> list[Change]:
        """Take a scan made at ``now`` (monotonic seconds); return what is told by it.

        What the first one sees has been there before us, and is told at once.
        """
        if not self._has_begun:
            self._has_begun = True
            self._told.update(seen)
            return [Change(station, None, what) for station, what in sorted(seen.items())]
        changes = []
        for station in sorted({*self._told, *self._candidates, *seen}):
            before, what = self._told.get(station), seen.get(station)
            candidate = self._candidates.get(station)
            if what == before:
                self._candidates.pop(station, None)
            elif candidate is None or candidate.what != what:
                self._candidates[station] = _Candidate(what, now)
            elif now >= candidate.since + self._settled:
                changes.append(Change(station, before, what))
                self._tell(station, what)
        return changes

    @property
    def due(self) -> float | None:
        """When the next look is worth it; None: nothing is on its way."""
        since = [candidate.since for candidate in self._candidates.values()]
        return min(since) + self._settled if since else None

    def _tell(self, station: str, what: Plugged | None) -> None:
        del self._candidates[station]
        if what is None:
            del self._told[station]
        else:
            self._told[station] = what
