"""Whatever a clock says, it is a moment that can be told."""

from __future__ import annotations

from flashyard.moment import LAST, moment_of


def test_the_last_moment_is_of_all_places() -> None:
    assert moment_of(0).isoformat() == "1970-01-01T00:00:00+00:00"
    assert moment_of(2**53 - 1) == moment_of(LAST)
    assert moment_of(2**53 - 1).astimezone().year >= 9999
