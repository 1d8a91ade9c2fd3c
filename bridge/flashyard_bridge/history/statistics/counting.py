"""Counting ended jobs in a transaction: one by one, or by what is kept of them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from flashyard.contract.statistics import Statistics
from flashyard_bridge.history.finding import numbers
from flashyard_bridge.history.statistics.facts import facts
from flashyard_bridge.history.statistics.groups import Groups, add, no_groups
from flashyard_bridge.history.statistics.histogram import BUCKETS, EXACT, Scale
from flashyard_bridge.history.statistics.question import Question
from flashyard_bridge.history.statistics.rows import count
from flashyard_bridge.history.statistics.scope import Scope
from flashyard_bridge.history.statistics.sums import add_counts, add_histograms, names, total
from flashyard_bridge.history.statistics.telling import tell


def count_at_once(connection: Connection, question: Question) -> Statistics | Sequence[int]:
    """Count the jobs; those that can only be counted one by one, and are many, are only named.

    Returns:
        What they come to, or their numbers.
    """
    scope = Scope.of(question.sought)
    if scope is not None and total(connection, scope) >= question.few:
        return _count_kept(connection, question, scope)
    found = numbers(connection, question.sought)
    if len(found) < question.few:
        return tell_all(connection, question, count(facts(connection, found, EXACT)), EXACT)
    return found if scope is None else _count_kept(connection, question, scope)


def count_more(connection: Connection, groups: Groups, some: Sequence[int]) -> None:
    """Count jobs by their numbers, beside those that are counted; who has left is not counted."""
    add(groups, count(facts(connection, some, BUCKETS)), 1)


def tell_all(
    connection: Connection, question: Question, groups: Groups, scale: Scale = BUCKETS
) -> Statistics:
    """Tell what was counted."""
    told = question.chosen(groups)
    devices = names(connection, "devices", told["devices"])
    images = names(connection, "images", told["images"])
    return tell(groups, told, devices, images, scale, of_every_end=question.is_of_every_end)


def _count_kept(connection: Connection, question: Question, scope: Scope) -> Statistics:
    groups = no_groups()
    for edge, sign in scope.edges():
        add(groups, count(facts(connection, numbers(connection, edge), BUCKETS)), sign)
    add_counts(groups, connection, scope)
    add_histograms(groups, connection, scope, question.chosen(groups))
    return tell_all(connection, question, groups)
