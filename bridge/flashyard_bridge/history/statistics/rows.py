"""Counting ended jobs one by one.

What goes together is counted together: most devices stay at one port, and there are far fewer
pairs of a partition and an image than there are jobs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from flashyard_bridge.history.statistics.facts import Fact
from flashyard_bridge.history.statistics.groups import Groups, no_groups
from flashyard_bridge.history.statistics.tally import Tally


class Rows:
    """Jobs that were counted, by what goes together."""

    def __init__(self) -> None:
        self._places: defaultdict[tuple[str, str, str], Tally] = defaultdict(Tally)
        self._contents: defaultdict[tuple[str, str], Tally] = defaultdict(Tally)
        self._others = no_groups()

    def count(self, facts: Iterable[Fact]) -> None:
        """Count jobs, beside those that are counted."""
        others = self._others
        days, faults = others["days"], others["faults"]
        for fact in facts:
            whole = fact.whole
            days[fact.day,].count(whole)
            self._places[fact.hub_id, fact.device_id, fact.port or ""].count(whole)
            if (fault := fact.fault) is not None:
                faults[fault,].count(whole)
            if fact.image is not None:
                self._contents[fact.partitions[0], fact.image].count(whole)
            for share in fact.shares:
                others[share.kind][share.value,].count(share.part)

    def add_to(self, groups: Groups, times: int = 1) -> None:
        """Add them to all their entries, or with ``times`` -1 take them away."""
        for kind, tallies in self._others.items():
            for entry, tally in tallies.items():
                groups[kind][entry].add(tally, times)
        for (hub_id, device_id, port), tally in self._places.items():
            groups["totals"][()].add(tally, times)
            groups["hubs"][hub_id,].add(tally, times)
            groups["devices"][device_id,].add(tally, times)
            groups["ports"][hub_id, port].add(tally, times)
        for (partition, image), tally in self._contents.items():
            groups["partitions"][partition,].add(tally, times)
            groups["images"][image,].add(tally, times)
