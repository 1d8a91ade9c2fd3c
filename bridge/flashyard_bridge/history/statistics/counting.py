"""Counting ended jobs: one by one while they are few, else by what they add up to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from flashyard.contract.statistics import Statistics
from flashyard_bridge.history.finding import find
from flashyard_bridge.history.sought import Sought
from flashyard_bridge.history.statistics.facts import facts
from flashyard_bridge.history.statistics.groups import (
    KINDS,
    Entry,
    Groups,
    Kind,
    add,
    in_order,
    no_groups,
)
from flashyard_bridge.history.statistics.histogram import BUCKETS, EXACT
from flashyard_bridge.history.statistics.rows import count
from flashyard_bridge.history.statistics.scope import Scope
from flashyard_bridge.history.statistics.sums import add_counts, add_histograms, names, total
from flashyard_bridge.history.statistics.telling import tell

FEW = 10_000  # jobs
_ALL = 2**31 - 1

Told = Mapping[Kind, Sequence[Entry]]


def statistics(
    connection: Connection, sought: Sought, limit: int, days: int, *, few: int = FEW
) -> Statistics:
    """Count the jobs that are asked for.

    Args:
        connection: in a transaction, in which nothing changes.
        sought: which.
        limit: entries of each list at most, but for days.
        days: the newest so many.
        few: jobs; fewer are counted one by one, and quantiles of theirs are exact.
    """

    def chosen(groups: Groups) -> Told:
        return {kind: in_order(groups, kind)[: days if kind == "days" else limit] for kind in KINDS}

    scope = Scope.of(sought)
    scale = BUCKETS
    if scope is None or total(connection, scope) < few:
        numbers = _numbers(connection, sought, few)
        if len(numbers) < few:
            scale, scope = EXACT, None
        elif scope is None:
            numbers = _numbers(connection, sought, _ALL)
    if scope is None:
        groups = count(facts(connection, numbers, scale))
        told = chosen(groups)
    else:
        groups = no_groups()
        for edge, sign in scope.edges():
            add(groups, count(facts(connection, _numbers(connection, edge, _ALL), scale)), sign)
        add_counts(groups, connection, scope)
        told = chosen(groups)
        add_histograms(groups, connection, scope, told)
    devices = names(connection, "devices", told["devices"])
    images = names(connection, "images", told["images"])
    is_of_every_end = sought.status is None and sought.code is None
    return tell(groups, told, devices, images, scale, of_every_end=is_of_every_end)


def _numbers(connection: Connection, sought: Sought, most: int) -> list[int]:
    return [found.number for found in find(connection, sought, None, most)]
