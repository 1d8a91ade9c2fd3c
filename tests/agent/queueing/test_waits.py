"""What a waiting job says of itself."""

from __future__ import annotations

import pytest

from flashyard.agent.queueing.waits import until

NOON = 1_703_073_600_000  # 2023-12-20 12:00:00 UTC, in Unix ms
HOUR = 3_600_000


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (NOON + 2 * HOUR + 300_999, "Waiting until 14:05:00 UTC"),
        (NOON + 12 * HOUR, "Waiting until 2023-12-21 00:00:00 UTC"),
        (2**53 - 1, "Waiting until 9999-12-31 23:59:59 UTC"),
    ],
)
def test_a_time_is_told_with_the_day_where_it_is_not_today(at: int, words: str) -> None:
    assert until(at, NOON) == words
