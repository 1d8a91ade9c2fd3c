"""What a hub has agreed to, in the words of the records that will say so soon. Pure."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from flashyard.contract.model import Model
from flashyard.contract.orders import LimitsOrder
from flashyard.contract.phases import FINAL_STATUS, Status

Asked: TypeAlias = Literal["cancel", "pause", "resume"]

_DONE = {
    "cancel": FINAL_STATUS,
    "pause": frozenset({Status.PAUSED}),
    "resume": frozenset({Status.RUNNING, Status.QUEUED}),
}


def is_to_come(what: Asked, status: Status) -> bool:
    """Is it still to happen to a job of this status? A pause taken back is none any more."""
    return status not in _DONE[what]


def new_limits(order: LimitsOrder, shape: type[Model]) -> dict[str, Any]:
    """Tell what changes of a record of this shape, by field; a limit of 0 is none."""
    rates = {
        "bandwidth_limit": order.bandwidth_limit,
        "download_limit": order.download_limit,
    }
    wanted = {
        "priority": order.priority,
        "max_parallel": order.max_parallel,
        **{name: rate or None for name, rate in rates.items()},
    }
    given = {name for name in (*rates, *wanted) if getattr(order, name) is not None}
    return {name: wanted[name] for name in given & shape.model_fields.keys()}
