from __future__ import annotations

from contextlib import ExitStack
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashyard.flash.usb.budget import FAIR, LARGEST, SMALLEST, Budget, TransferSizes

MIB = 1 << 20


def test_one_device_may_take_the_largest_transfers() -> None:
    budget = Budget(16 * MIB)
    with budget.session():
        assert budget.share == LARGEST


@given(st.integers(1, 200), st.integers(1, 2000))
def test_a_share_is_a_size_that_is_worth_it_and_within_the_memory(
    sessions: int, mebibytes: int
) -> None:
    budget = Budget(mebibytes * MIB)
    with ExitStack() as open_sessions:
        for _ in range(sessions):
            open_sessions.enter_context(budget.session())
        assert min(FAIR, mebibytes * MIB * 3 // 4) <= budget.share <= LARGEST
        assert budget.share % SMALLEST == 0


def test_all_devices_together_stay_below_the_kernel_s_limit() -> None:
    budget = Budget(4 * MIB)
    with budget.hold(MIB, 1), budget.hold(MIB, 1), budget.hold(MIB, 1):
        with pytest.raises(TimeoutError), budget.hold(MIB, 0.01):
            pass
        got: list[int] = []

        def wait_for_room() -> None:
            with budget.hold(MIB, 10):
                got.append(1)

        waiting = Thread(target=wait_for_room)
        waiting.start()
    waiting.join(10)
    assert got == [1]


def test_without_a_limit_nobody_waits() -> None:
    budget = Budget(0)
    with budget.session(), budget.hold(1 << 40, 0.01):
        assert budget.share == LARGEST


def test_a_port_s_size_is_halved_down_to_what_everything_takes() -> None:
    sizes = TransferSizes()
    steps = []
    while sizes.halve("P", sizes.of("P")):
        steps.append(sizes.of("P"))
    assert steps[0] == LARGEST // 2
    assert steps[-1] == sizes.of("P") == SMALLEST
    assert sizes.of("Q") == LARGEST
