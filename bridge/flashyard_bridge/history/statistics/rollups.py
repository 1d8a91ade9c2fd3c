"""What ended jobs add up to, kept beside them in the transaction that stores or forgets them.

Each view has rows of a day and rows of 32 days, so that a long time is a few rows; the latter by
kit of partitions, too. Only one at a time may write: some rows are read, and written back.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from random import random
from typing import Literal, TypeAlias, TypeVar

from sqlalchemy import Connection

from flashyard_bridge.database.tables.rollups import KITS
from flashyard_bridge.database.upsert import upsert
from flashyard_bridge.history.statistics import table
from flashyard_bridge.history.statistics.facts import Fact
from flashyard_bridge.history.statistics.groups import Kind
from flashyard_bridge.history.statistics.table import ALL_KITS, BLOCK, Key
from flashyard_bridge.history.statistics.tally import Part, Tally

_JOBS = 10_000  # at a time: the more, the fewer rows change for each
_ROWS = 1_000
_APPENDED = 16  # parts at most
_MERGED = 1 / 16  # of the rows that could be appended to

Changes: TypeAlias = Mapping[Key, Sequence[Part]]
T = TypeVar("T")


def account(connection: Connection, jobs: Iterable[Fact], sign: Literal[1, -1]) -> None:
    """Add jobs that were just stored (1), or take away those that are about to go (-1)."""
    coming = iter(jobs)
    while some := list(islice(coming, _JOBS)):
        changes: defaultdict[Key, list[Part]] = defaultdict(list)
        names: dict[Key, str] = {}
        for fact in some:
            _count(changes, names, fact)
        _know(connection, {fact.kit: fact.partitions for fact in some})
        for keys in _chunks(sorted(changes), _ROWS):
            _change(connection, {key: changes[key] for key in keys}, names, sign)


def _count(changes: defaultdict[Key, list[Part]], names: dict[Key, str], fact: Fact) -> None:
    """Add a job to its rows; of a day only those of `hubs` are told apart by kit, too."""
    day, hub_id, kit, whole = fact.day, fact.hub_id, fact.kit, fact.whole
    block = day - day % BLOCK
    changes["totals", 1, ALL_KITS, day, "", ""].append(whole)
    changes["totals", BLOCK, ALL_KITS, block, "", ""].append(whole)
    changes["hubs", 1, kit, day, hub_id, ""].append(whole)
    items: list[tuple[Kind, str, Part, str | None]] = [
        ("hubs", "", whole, None),
        ("devices", fact.device_id, whole, fact.device_name),
        ("ports", fact.port or "", whole, None),
    ]
    if (fault := fact.fault) is not None:
        items.append(("faults", fault, whole, None))
    if fact.image is not None:
        items.append(("partitions", kit, whole, None))
        items.append(("images", fact.image, whole, fact.image_name))
    items += ((share.kind, share.value, share.part, None) for share in fact.shares)
    for kind, item, part, name in items:
        of_block = kind, BLOCK, ALL_KITS, block, hub_id, item
        changes[kind, 1, ALL_KITS, day, hub_id, item].append(part)
        changes[of_block].append(part)
        changes[kind, BLOCK, kit, block, hub_id, item].append(part)
        if name:
            names[of_block] = name


def _know(connection: Connection, kits: Mapping[str, Sequence[str]]) -> None:
    rows = [
        {"kit": kit, "partition": partition}
        for kit, partitions in kits.items()
        for partition in partitions
    ]
    if rows:
        connection.execute(upsert(connection, KITS).on_conflict_do_nothing(), rows)


def _change(
    connection: Connection, changes: Changes, names: Mapping[Key, str], sign: Literal[1, -1]
) -> None:
    """Append what is little, which takes no reading; and merge it now and then: no row is long."""
    little: dict[Key, Sequence[Part]] = {}
    others: dict[Key, Tally] = {}
    for key, parts in changes.items():
        if sign == 1 and len(parts) <= _APPENDED and random() >= _MERGED:  # noqa: S311 - no secret
            little[key] = parts
        else:
            others[key] = Tally(name=names.get(key))
            for part in parts:
                others[key].count(part)
    table.append(connection, little, names)
    _merge(connection, others, sign)


def _merge(connection: Connection, changes: Mapping[Key, Tally], sign: Literal[1, -1]) -> None:
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
