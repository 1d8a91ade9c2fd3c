from __future__ import annotations

import pytest

from flashyard.cli.rates import parse_rate
from flashyard.contract.faults import Code, FaultError


@pytest.mark.parametrize(
    ("text", "rate"),
    [("4096", 4096), ("512K", 512 * 1024), ("20MB", 20_000_000), ("1MiB/s", 1024 * 1024)],
)
def test_a_rate_is_an_amount_a_second(text: str, rate: int) -> None:
    assert parse_rate(text) == rate


@pytest.mark.parametrize("text", ["", "fast", "0", "-1", "none", "9999999999999G"])
def test_what_is_no_rate_is_refused_with_a_way_out(text: str) -> None:
    with pytest.raises(FaultError) as refused:
        parse_rate(text)
    assert refused.value.fault.code is Code.INVALID_REQUEST
    assert refused.value.fault.hint
