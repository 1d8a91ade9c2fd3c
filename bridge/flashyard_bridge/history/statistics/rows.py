"""Counting ended jobs one by one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from flashyard_bridge.history.statistics.facts import Fact
from flashyard_bridge.history.statistics.groups import Groups, no_groups
from flashyard_bridge.history.statistics.tally import Tally


def count(facts: Iterable[Fact]) -> Groups:
    """Count jobs for all their entries.

    What goes together is counted together: most devices stay at one port, and there are far fewer
    pairs of a partition and an image than there are jobs.
    """
    groups = no_groups()
    places: defaultdict[tuple[str, str, str], Tally] = defaultdict(Tally)
    contents: defaultdict[tuple[str, str], Tally] = defaultdict(Tally)
    days, faults = groups["days"], groups["faults"]
    for fact in facts:
        amounts = fact.amounts
        days[fact.day,].count(*amounts)
        places[fact.hub_id, fact.device_id, fact.port].count(*amounts)
        if fact.code is not None:
            faults[fact.code,].count(*amounts)
        if fact.image is not None:
            contents[fact.partitions[0], fact.image].count(*amounts)
        for share in fact.shares:
            tally = groups[share.kind][share.value,]
            tally.count_share(amounts[0], share.bytes, counts=share.counts)
    for (hub_id, device_id, port), tally in places.items():
        groups["totals"][()].add(tally)
        groups["hubs"][hub_id,].add(tally)
        groups["devices"][device_id,].add(tally)
        groups["ports"][hub_id, port].add(tally)
    for (partition, image), tally in contents.items():
        groups["partitions"][partition,].add(tally)
        groups["images"][image,].add(tally)
    return groups
