"""Expecting a fault: the code it must have, and the fault itself to look at."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from flashyard.contract.faults import Code, Fault, FaultError


class Refusal:
    """What was refused, once the block is over."""

    fault: Fault


@contextmanager
def refused(code: Code) -> Iterator[Refusal]:
    """Expect the block to raise a fault of this code."""
    refusal = Refusal()
    with pytest.raises(FaultError) as caught:
        yield refusal
    refusal.fault = caught.value.fault
    assert refusal.fault.code is code, refusal.fault
