"""Unix ms as moments. A clock may be set to anything, and calendars end."""

from __future__ import annotations

from datetime import UTC, datetime

LAST = 253_402_214_399_000  # Unix ms; what is later counts as this, on the next to last day


def moment_of(millis: int) -> datetime:
    """Tell when it is, in UTC; it can be told in the time of any other place, too."""
    return datetime.fromtimestamp(min(millis, LAST) / 1000, tz=UTC)
