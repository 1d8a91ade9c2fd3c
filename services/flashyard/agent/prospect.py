"""What a job's end means for its way back: is it to be taken, and what came of one that was not.

It takes none.
"""

from __future__ import annotations

from flashyard.contract.faults import Fault
from flashyard.contract.orders import StartOrder
from flashyard.contract.phases import Phase
from flashyard.contract.rollback import Outcome
from flashyard.flash.running.mark import Mark
from flashyard.flash.running.retreat import is_due


def is_to_go_back(order: StartOrder, mark: Mark | None, why: Fault) -> bool:
    """Has a job that stands there a way back to be taken, where it ends so?"""
    plan = order.rollback
    return plan is not None and mark is not None and is_due(plan.kind, mark, why)


def untaken(order: StartOrder, mark: Mark | None, why: Fault) -> Outcome:
    """Tell what came of a way back that nobody has taken by the end."""
    if mark is not None and mark.phase is Phase.ROLLING_BACK:
        return "failed"  # an earlier run of the hub died on it
    return "not_possible" if is_to_go_back(order, mark, why) else "not_needed"
