"""What ended jobs add up to, kept beside them in the transaction that stores or forgets them.

Each view has rows of a day and rows of 32 days, so that a long time is a few rows; the latter by
kit of partitions, too. Only one at a time may write: rows are read, added to, and written back.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, TypeVar

from sqlalchemy import Connection

from flashyard_bridge.database.tables.rollups import KITS
from flashyard_bridge.database.upsert import upsert
from flashyard_bridge.history.statistics import table
from flashyard_bridge.history.statistics.facts import Fact, facts
from flashyard_bridge.history.statistics.groups import Kind
from flashyard_bridge.history.statistics.histogram import BUCKETS
from flashyard_bridge.history.statistics.table import ALL_KITS, BLOCK, Key
from flashyard_bridge.history.statistics.tally import Tally

_JOBS = 10_000  # at a time: the more, the fewer rows change for each
_ROWS = 1_000

T = TypeVar("T")


def account(connection: Connection, numbers: Sequence[int], sign: Literal[1, -1]) -> None:
    """Add jobs that were just stored (1), or take away those that are about to go (-1).

    Either way they and their steps are still there, by their numbers in `past_jobs`.
    """
    for some in _chunks(numbers, _JOBS):
        changes: defaultdict[Key, Tally] = defaultdict(Tally)
        kits: dict[str, Sequence[str]] = {}
        for fact in facts(connection, some, BUCKETS):
            kits[fact.kit] = fact.partitions
            _count(changes, fact)
        _know(connection, kits)
        for keys in _chunks(sorted(changes), _ROWS):
            _change(connection, {key: changes[key] for key in keys}, sign)


def _count(changes: defaultdict[Key, Tally], fact: Fact) -> None:
    """Add a job to its rows; of a day only those of `hubs` are told apart by kit, too."""
    day, hub_id, kit, amounts = fact.day, fact.hub_id, fact.kit, fact.amounts
    block = day - day % BLOCK
    changes["totals", 1, day, "", ALL_KITS, ""].count(*amounts)
    changes["totals", BLOCK, block, "", ALL_KITS, ""].count(*amounts)
    changes["hubs", 1, day, hub_id, kit, ""].count(*amounts)
    items: list[tuple[Kind, str, str | None]] = [
        ("hubs", "", None),
        ("devices", fact.device_id, fact.device_name),
        ("ports", fact.port, None),
    ]
    if fact.code is not None:
        items.append(("faults", fact.code, None))
    if fact.image is not None:
        items += ("partitions", kit, None), ("images", fact.image, fact.image_name)
    spans = (1, day, ALL_KITS), (BLOCK, block, ALL_KITS), (BLOCK, block, kit)
    for kind, item, name in items:
        for days, first_day, of_kit in spans:
            tally = changes[kind, days, first_day, hub_id, of_kit, item]
            tally.count(*amounts)
            tally.name = name or tally.name
    for share in fact.shares:
        for days, first_day, of_kit in spans:
            tally = changes[share.kind, days, first_day, hub_id, of_kit, share.value]
            tally.count_share(amounts[0], share.bytes, counts=share.counts)


def _know(connection: Connection, kits: Mapping[str, Sequence[str]]) -> None:
    rows = [
        {"kit": kit, "partition": partition}
        for kit, partitions in kits.items()
        for partition in partitions
    ]
    if rows:
        connection.execute(upsert(connection, KITS).on_conflict_do_nothing(), rows)


def _change(connection: Connection, changes: Mapping[Key, Tally], sign: Literal[1, -1]) -> None:
    now = table.read(connection, changes.keys())
    gone = []
    for key, change in changes.items():
        if key in now:
            now[key].add(change, sign)
            if now[key].is_empty:
                gone.append(key)
                del now[key]
        elif sign == 1 and not change.is_empty:
            now[key] = change
    table.write(connection, now)
    table.remove(connection, gone)


def _chunks(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (items[start : start + size] for start in range(0, len(items), size))
