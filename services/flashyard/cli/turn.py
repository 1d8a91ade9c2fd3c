"""When a job's turn comes and how fast it may go then: as it is typed, and as it is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from flashyard.cli.amounts import rate
from flashyard.cli.moments import parse_moment
from flashyard.cli.rates import parse_rate
from flashyard.cli.table import when


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """None, and False, is the bridge's default. ``not_before``: Unix ms."""

    priority: int | None = None
    bandwidth_limit: int | None = None
    not_before: int | None = None
    wait_for_device: bool = False

    def fields(self) -> dict[str, Any]:
        """Tell what is not at its default, as fields of a start."""
        wanted = {
            "priority": self.priority,
            "bandwidth_limit": self.bandwidth_limit,
            "not_before": self.not_before,
            "wait_for_device": self.wait_for_device or None,
        }
        return {name: value for name, value in wanted.items() if value is not None}

    def words(self) -> Iterator[str]:
        """Say each, for people."""
        if self.not_before is not None:
            yield f"not before {when(self.not_before)}"
        if self.wait_for_device:
            yield "as soon as the device is there"
        if self.priority is not None:
            yield f"priority {self.priority}"
        if self.bandwidth_limit is not None:
            yield f"at most {rate(self.bandwidth_limit)}"


def turn(
    priority: int | None, bandwidth_limit: str | None, not_before: str | None, *, wait: bool
) -> Turn:
    """Understand the options.

    Raises:
        FaultError: `invalid_request`.
    """
    return Turn(
        priority=priority,
        bandwidth_limit=None if bandwidth_limit is None else parse_rate(bandwidth_limit),
        not_before=None
        if not_before is None
        else parse_moment(not_before, datetime.now(tz=UTC).astimezone()),
        wait_for_device=wait,
    )
