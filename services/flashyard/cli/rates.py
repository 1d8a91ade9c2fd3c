"""Rates as people type them: `20MB`, `512K/s`. Pure."""

from __future__ import annotations

from flashyard.contract.faults import Code, refuse
from flashyard.quantity import parse_quantity


def parse_rate(text: str) -> int:
    """Read bytes per second, an amount with or without `/s` behind it; at least one.

    Raises:
        FaultError: `invalid_request`.
    """
    try:
        rate = parse_quantity(text.strip().removesuffix("/s"))
    except ValueError as error:
        raise refuse(
            Code.INVALID_REQUEST,
            f"{text!r} is no rate.",
            hint="It is an amount of bytes a second, such as 4096, 512K, 20MB or 1GiB/s.",
        ) from error
    if not 1 <= rate < 2**53:
        raise refuse(
            Code.INVALID_REQUEST,
            f"{text!r} is no rate to send at.",
            hint="To let it go as fast as it can, give no limit; `flashyard pause` stops a job.",
        )
    return rate
