"""Counting ended jobs in a transaction: one by one, or by what is kept of them."""

from __future__ import annotations

from sqlalchemy import Connection

from flashyard.contract.statistics import Statistics
from flashyard_bridge.history.finding import numbers
from flashyard_bridge.history.statistics.facts import facts
from flashyard_bridge.history.statistics.groups import Groups, no_groups
from flashyard_bridge.history.statistics.histogram import BUCKETS, EXACT, Scale
from flashyard_bridge.history.statistics.question import Question
from flashyard_bridge.history.statistics.rows import Rows
from flashyard_bridge.history.statistics.scope import Scope
from flashyard_bridge.history.statistics.segments.ranges import newest
from flashyard_bridge.history.statistics.sums import add_counts, add_histograms, names, total
from flashyard_bridge.history.statistics.telling import tell

ONE_BY_ONE = 2_000  # jobs; to go through all others is quicker than to look for more


def count_at_once(connection: Connection, question: Question) -> Statistics | int:
    """Tell what some jobs come to, or what the rollups know.

    Returns:
        The statistics, or up to which number all jobs have to be gone through.
    """
    scope = Scope.of(question.sought)
    if scope is not None and total(connection, scope) >= question.few:
        return _count_kept(connection, question, scope)
    most = min(question.few, ONE_BY_ONE)
    found = numbers(connection, question.sought, most)
    if len(found) < most:
        rows = Rows()
        rows.count(facts(connection, found, EXACT))
        groups = no_groups()
        rows.add_to(groups)
        return tell_groups(connection, question, groups, EXACT)
    return newest(connection)


def tell_groups(
    connection: Connection, question: Question, groups: Groups, scale: Scale
) -> Statistics:
    """Tell what was counted, on which scale."""
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
    return tell_groups(connection, question, groups, BUCKETS)
