"""The lists that are told, and the jobs of each entry, added up from wherever they are read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Literal, TypeAlias, get_args

from flashyard_bridge.history.statistics.tally import FAILED, Tally

Kind: TypeAlias = Literal[
    "totals", "days", "hubs", "devices", "ports", "partitions", "images", "faults"
]
KINDS: tuple[Kind, ...] = get_args(Kind)
Entry: TypeAlias = tuple[str | int, ...]
"""What an entry's jobs have in common: nothing, a day since 1970, a hub and a port, one value."""
Groups: TypeAlias = Mapping[Kind, defaultdict[Entry, Tally]]


def no_groups() -> Groups:
    """Begin with nothing."""
    return {kind: defaultdict(Tally) for kind in KINDS}


def in_order(groups: Groups, kind: Kind) -> list[Entry]:
    """Put a list's entries in order: what failed most often first, and the newest of days."""
    tallies = groups[kind]
    entries = [entry for entry, tally in tallies.items() if tally.total]
    if kind == "days":
        return sorted(entries, reverse=True)
    return sorted(
        entries, key=lambda each: (-tallies[each].jobs[FAILED], -tallies[each].total, each)
    )
