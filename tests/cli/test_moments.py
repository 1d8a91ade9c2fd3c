from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashyard.cli.moments import parse_moment, parse_past
from flashyard.contract.faults import Code, FaultError

HERE = timezone(timedelta(hours=2))
NOW = datetime(2026, 11, 23, 14, 30, tzinfo=HERE)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("+10m", NOW + timedelta(minutes=10)),
        ("+1h30m", NOW + timedelta(hours=1, minutes=30)),
        (" +2d ", NOW + timedelta(days=2)),
        ("+90s", NOW + timedelta(seconds=90)),
        ("22:30", NOW.replace(hour=22)),
        ("06:00", NOW.replace(hour=6, minute=0) + timedelta(days=1)),
        ("2026-11-24T06:00", datetime(2026, 11, 24, 6, 0, tzinfo=HERE)),
        ("2026-11-24 06:00:05", datetime(2026, 11, 24, 6, 0, 5, tzinfo=HERE)),
        ("2026-11-24T06:00Z", datetime(2026, 11, 24, 6, 0, tzinfo=UTC)),
    ],
)
def test_a_moment_is_so_long_from_now_a_time_of_day_or_a_date(text: str, at: datetime) -> None:
    assert parse_moment(text, NOW) == int(at.timestamp() * 1000)


@pytest.mark.parametrize(
    "text", ["", "+", "+10", "10m", "noon", "25:00", "+10m5h", "2026-13-01", "22:30Z", "+-1s"]
)
def test_what_is_no_moment_is_told_how_to_say_one(text: str) -> None:
    with pytest.raises(FaultError) as refused:
        parse_moment(text, NOW)
    assert refused.value.fault.code is Code.INVALID_REQUEST
    assert repr(text) in refused.value.fault.sentence
    assert "+10m" in (refused.value.fault.hint or "")


@given(st.text("+0123456789dhms:-TZ .", max_size=24))
def test_any_text_is_a_moment_or_refused(text: str) -> None:
    with suppress(FaultError):
        assert parse_moment(text, NOW) > 0


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("10m", NOW - timedelta(minutes=10)),
        ("1d12h", NOW - timedelta(days=1, hours=12)),
        ("14:30", NOW),
        ("06:00", NOW.replace(hour=6, minute=0)),
        ("22:30", NOW.replace(hour=22) - timedelta(days=1)),
        ("2026-11-20", datetime(2026, 11, 20, tzinfo=HERE)),
        ("2026-11-24T06:00Z", datetime(2026, 11, 24, 6, 0, tzinfo=UTC)),
    ],
)
def test_a_moment_gone_by_is_so_long_ago_a_time_of_day_or_a_date(text: str, at: datetime) -> None:
    assert parse_past(text, NOW) == int(at.timestamp() * 1000)


@pytest.mark.parametrize("text", ["", "+10m", "2", "yesterday", "22:30Z", "1h1d"])
def test_what_is_no_moment_gone_by_is_told_how_to_say_one(text: str) -> None:
    with pytest.raises(FaultError) as refused:
        parse_past(text, NOW)
    assert "2h" in (refused.value.fault.hint or "")
