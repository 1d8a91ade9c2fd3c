"""Counting ended jobs in a transaction: one by one, or by what is kept of them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from flashyard.contract.statistics import Statistics
from flashyard_bridge.history.finding import numbers
from flashyard_bridge.history.statistics.facts import facts
from flashyard_bridge.history.statistics.groups import Groups, no_groups
from flashyard_bridge.history.statistics.histogram import BUCKETS, EXACT, Scale
from flashyard_bridge.history.statistics.question import Question
from flashyard_bridge.history.statistics.rows import Rows
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
        rows = Rows()
        rows.count(facts(connection, found, EXACT))
        return tell_rows(connection, question, rows, EXACT)
    return found if scope is None else _count_kept(connection, question, scope)


def count_more(connection: Connection, rows: Rows, some: Sequence[int]) -> None:
    """Count jobs by their numbers, beside those that are counted; who has left is not counted."""
    rows.count(facts(connection, some, BUCKETS))


def tell_rows(
    connection: Connection, question: Question, rows: Rows, scale: Scale = BUCKETS
) -> Statistics:
    """Tell what was counted one by one."""
    groups = no_groups()
    rows.add_to(groups)
    return _tell(connection, question, groups, scale)


def _tell(connection: Connection, question: Question, groups: Groups, scale: Scale) -> Statistics:
    told = question.chosen(groups)
    devices = names(connection, "devices", told["devices"])
    images = names(connection, "images", told["images"])
    return tell(groups, told, devices, images, scale, of_every_end=question.is_of_every_end)


def _count_kept(connection: Connection, question: Question, scope: Scope) -> Statistics:
    groups = no_groups()
    for edge, sign in scope.edges():
        rows = Rows()
        rows.count(facts(connection, numbers(connection, edge), BUCKETS))
        rows.add_to(groups, sign)
    add_counts(groups, connection, scope)
    add_histograms(groups, connection, scope, question.chosen(groups))
    return _tell(connection, question, groups, BUCKETS)
