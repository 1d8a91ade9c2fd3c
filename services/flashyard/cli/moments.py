"""Moments as people type them: `+10m`, `22:30`, `2026-11-24 06:00`. Pure: now is given."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta

from flashyard.contract.faults import Code, FaultError, refuse

_FROM_NOW = re.compile(r"\+(?=\d)(?:(\d{1,4})d)?(?:(\d{1,5})h)?(?:(\d{1,6})m)?(?:(\d{1,8})s)?")


def parse_moment(text: str, now: datetime) -> int:
    """Read a moment as Unix ms.

    A time of day is the next such; a date without an offset is one here.

    Args:
        text: `+` and days, hours, minutes and seconds (`+1h30m`); a time of day; or ISO 8601.
        now: with the time zone that is meant.

    Raises:
        FaultError: `invalid_request`.
    """
    words = text.strip()
    if match := _FROM_NOW.fullmatch(words):
        days, hours, minutes, seconds = (int(each or 0) for each in match.groups())
        at = now + timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        return _millis(at)
    try:
        of_day = time.fromisoformat(words) if ":" in words[:3] else None
        at = datetime.fromisoformat(words) if of_day is None else now
    except ValueError as error:
        raise _unclear(text) from error
    if of_day is None:
        return _millis(at if at.tzinfo else at.replace(tzinfo=now.tzinfo))
    if of_day.tzinfo is not None:
        raise _unclear(text)
    at = datetime.combine(now.date(), of_day, tzinfo=now.tzinfo)
    return _millis(at if at > now else at + timedelta(days=1))


def _millis(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def _unclear(text: str) -> FaultError:
    return refuse(
        Code.INVALID_REQUEST,
        f"{text!r} is no time.",
        hint="Say +10m or +1h30m, a time of day as 22:30, or a date as 2026-11-24T06:00.",
    )
