"""What the columns of several CSVs have in common: moments, and who asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import TypeVar

from flashyard.contract.requester import Requester
from flashyard.moment import moment_of

R = TypeVar("R")

_WHO = {
    "identity": attrgetter("identity"),
    "user": attrgetter("user"),
    "address": attrgetter("address"),
    "agent": attrgetter("agent"),
    "onBehalf": attrgetter("on_behalf"),
}


def utc(millis: int | None) -> str | None:
    """Tell a moment, Unix ms, in ISO 8601."""
    if millis is None:
        return None
    return moment_of(millis).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def who(asked_by: Callable[[R], Requester | None]) -> Mapping[str, Callable[[R], object]]:
    """Make the columns on whoever asked; they are empty where nobody did."""

    def column(tell: Callable[[Requester], object]) -> Callable[[R], object]:
        return lambda record: (asked := asked_by(record)) and tell(asked)

    return {head: column(tell) for head, tell in _WHO.items()}
