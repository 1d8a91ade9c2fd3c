"""What a waiting job waits for, in words for people: its stage."""

from __future__ import annotations

from datetime import UTC, datetime

ON_HOLD = "On hold"
FOR_DEVICE = "Waiting for the device"
FOR_SLOT = "Waiting for a free slot of the hub"
FOR_CONTROLLER = "Waiting for a free slot of its USB controller"
FOR_PAUSED_JOB = "Waiting for the paused job before it"

_DAY_MS = 86_400_000
_LAST = 253_402_300_799_000  # Unix ms; the end of the year 9999


def until(at: int, now: int) -> str:
    """Say what time is waited for, with the day where it is not today's; both Unix ms."""
    moment = datetime.fromtimestamp(min(at, _LAST) / 1000, UTC)
    day = "" if at // _DAY_MS == now // _DAY_MS else f"{moment:%Y-%m-%d} "
    return f"Waiting until {day}{moment:%H:%M:%S} UTC"
