"""The bridge's clock, as far as a hub can know it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from flashyard.agent.clock import Clock


class Time:
    """This host's clocks: one that people set, one that only runs. Seconds."""

    def __init__(self) -> None:
        self.wall = 1_000_000.0
        self.steady = 0.0

    def clock(self) -> Clock:
        return Clock(wall=lambda: self.wall, monotonic=lambda: self.steady)

    def passes(self, seconds: float) -> None:
        self.wall += seconds
        self.steady += seconds


def test_without_an_announce_it_is_this_hosts() -> None:
    clock = Time().clock()
    assert clock.stamp() == clock.bridge_now() == clock.began == 1_000_000_000
    assert clock.skew_ms is None


def test_an_announce_sets_it_and_a_large_skew_is_shown() -> None:
    time = Time()
    clock = time.clock()
    clock.learn(1_000_000_000 + 1_500)
    assert clock.skew_ms is None
    clock.learn(1_000_000_000 - 3_600_000)
    assert clock.skew_ms == 3_600_000
    time.passes(1)
    assert clock.stamp() == 1_000_001_000 - 3_600_000
    assert clock.began == 1_000_000_000 - 3_600_000


def test_while_jobs_run_neither_an_announce_nor_a_set_clock_moves_it() -> None:
    time = Time()
    clock = time.clock()
    clock.freeze()
    clock.freeze()
    clock.learn(5_000_000_000)
    time.wall += 86_400
    time.passes(2)
    assert clock.stamp() == 1_000_002_000
    clock.thaw()
    assert clock.stamp() == 1_000_002_000
    clock.thaw()
    assert clock.stamp() == 5_000_000_000 + 86_402_000


def test_orders_are_judged_by_the_newest_announce_even_while_jobs_run() -> None:
    clock = Time().clock()
    clock.freeze()
    clock.learn(5_000_000_000)
    assert clock.bridge_now() == 5_000_000_000


@given(st.lists(st.floats(0, 100).map(lambda s: round(s, 3))), st.data())
def test_stamps_never_go_back_however_announces_jitter(
    pauses: list[float], data: st.DataObject
) -> None:
    time = Time()
    clock = time.clock()
    last = clock.stamp()
    for pause in pauses:
        time.passes(pause)
        match data.draw(st.sampled_from(["learn", "freeze", "thaw", "stamp"])):
            case "learn":
                clock.learn(int(time.wall * 1000) + data.draw(st.integers(-900, 900)))
            case "freeze":
                clock.freeze()
            case "thaw" if clock._frozen_by:
                clock.thaw()
        assert clock.began <= clock.now() + 2_000
        stamp = clock.stamp()
        assert stamp >= last
        last = stamp
