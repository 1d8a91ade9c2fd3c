"""Moments as people type them, ahead or gone by: `+10m`, `2h`, `22:30`, `2026-11-24 06:00`.

Pure: now is given.
"""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta

from flashyard.contract.faults import Code, FaultError, refuse

_SPAN = r"(?=\d)(?:(\d{1,4})d)?(?:(\d{1,5})h)?(?:(\d{1,6})m)?(?:(\d{1,8})s)?"
_FROM_NOW, _AGO = re.compile(rf"\+{_SPAN}"), re.compile(_SPAN)


def parse_moment(text: str, now: datetime) -> int:
    """Read a moment to come as Unix ms.

    A time of day is the next such; a date without an offset is one here.

    Args:
        text: `+` and days, hours, minutes and seconds (`+1h30m`); a time of day; or ISO 8601.
        now: with the time zone that is meant.

    Raises:
        FaultError: `invalid_request`.
    """
    words = text.strip()
    if match := _FROM_NOW.fullmatch(words):
        return _millis(now + _span(match))
    at = _of_clock(words, now)
    if at is None:
        raise _unclear(text, "Say +10m or +1h30m, a time of day as 22:30, or a date as")
    return _millis(at if at > now or not _is_of_day(words) else at + timedelta(days=1))


def parse_past(text: str, now: datetime) -> int:
    """Read a moment gone by as Unix ms.

    A time of day is the last such; a date without an offset is one here.

    Args:
        text: how long ago it was (`2h`, `1d12h`); a time of day; or ISO 8601.
        now: with the time zone that is meant.

    Raises:
        FaultError: `invalid_request`.
    """
    words = text.strip()
    if match := _AGO.fullmatch(words):
        return _millis(now - _span(match))
    at = _of_clock(words, now)
    if at is None:
        raise _unclear(
            text, "Say 2h or 1d12h for so long ago, a time of day as 06:00, or a date as"
        )
    return _millis(at if at <= now or not _is_of_day(words) else at - timedelta(days=1))


def _span(match: re.Match[str]) -> timedelta:
    days, hours, minutes, seconds = (int(each or 0) for each in match.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def _is_of_day(words: str) -> bool:
    return ":" in words[:3]


def _of_clock(words: str, now: datetime) -> datetime | None:
    """Read a date, or a time of today; None: it is neither."""
    try:
        if not _is_of_day(words):
            at = datetime.fromisoformat(words)
            return at if at.tzinfo else at.replace(tzinfo=now.tzinfo)
        of_day = time.fromisoformat(words)
    except ValueError:
        return None
    return None if of_day.tzinfo else datetime.combine(now.date(), of_day, tzinfo=now.tzinfo)


def _millis(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def _unclear(text: str, hint: str) -> FaultError:
    return refuse(Code.INVALID_REQUEST, f"{text!r} is no time.", hint=f"{hint} 2026-11-24T06:00.")
