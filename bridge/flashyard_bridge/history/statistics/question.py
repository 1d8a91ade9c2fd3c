"""What is asked of the ended jobs: which of them, and how much is to be told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flashyard_bridge.history.sought import Sought
from flashyard_bridge.history.statistics.groups import KINDS, Entry, Groups, Kind, in_order

FEW = 10_000


@dataclass(frozen=True, slots=True)
class Question:
    """A question.

    Attributes:
        sought: which jobs.
        limit: entries of each list at most, but for days.
        days: the newest so many.
        few: jobs; fewer are counted one by one, and quantiles of theirs are exact.
    """

    sought: Sought
    limit: int
    days: int
    few: int = FEW

    def chosen(self, groups: Groups) -> Mapping[Kind, Sequence[Entry]]:
        """Choose the entries that are told, in order."""
        return {
            kind: in_order(groups, kind)[: self.days if kind == "days" else self.limit]
            for kind in KINDS
        }

    @property
    def is_of_every_end(self) -> bool:
        """Does it leave open how the jobs ended?"""
        return self.sought.status is None and self.sought.code is None
