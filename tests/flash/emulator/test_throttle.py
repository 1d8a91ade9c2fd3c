from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashyard.flash.emulator.throttle import Throttle, open_throttle


class Clock:
    """A clock that moves when it is waited for."""

    def __init__(self) -> None:
        self.now = 100.0
        self.waits: list[float] = []

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


@given(st.integers(1_000, 10**9), st.lists(st.integers(1, 100_000), min_size=1))
def test_bytes_take_as_long_as_the_link_needs(rate: int, counts: list[int]) -> None:
    clock = Clock()
    throttle = Throttle(rate, clock.wait, clock)
    for count in counts:
        throttle.passed(count)
    assert clock.now - 100.0 == pytest.approx(sum(counts) / rate)


def test_a_flash_moves_at_least_ten_times_a_second() -> None:
    clock = Clock()
    throttle = Throttle(20 << 20, clock.wait, clock)
    for _ in range(200):
        throttle.passed(throttle.step)
    assert max(clock.waits) <= 0.1
    assert clock.now - 100.0 == pytest.approx(10, rel=0.01)


def test_an_idle_link_saves_no_more_than_fifty_milliseconds() -> None:
    clock = Clock()
    throttle = Throttle(1000, clock.wait, clock)
    clock.now += 3600
    throttle.passed(1000)
    assert clock.waits == [pytest.approx(0.95)]


def test_a_slow_link_still_moves_byte_by_byte() -> None:
    clock = Clock()
    assert Throttle(1, clock.wait, clock).step == 1


def test_no_limit_is_no_throttle() -> None:
    assert open_throttle(None, Clock().wait) is None
