"""The bridge's clock, as far as a hub can know it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashyard.agent.clock import Clock


class Time:
    """This host's clocks: one that people set, one that only runs, and one in its sleep, too."""

    def __init__(self) -> None:
        self.wall = 1_000_000.0
        self.steady = 0.0
        self.elapsed = 0.0

    def clock(self) -> Clock:
        return Clock(
            wall=lambda: self.wall, monotonic=lambda: self.steady, elapsed=lambda: self.elapsed
        )

    def passes(self, seconds: float) -> None:
        self.wall += seconds
        self.steady += seconds
        self.elapsed += seconds

    def sleeps(self, seconds: float) -> None:
        """The host is suspended, and woken."""
        self.wall += seconds
        self.elapsed += seconds


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
    clock.learn(1_000_000_000)
    clock.freeze()
    clock.freeze()
    clock.learn(5_000_000_000)
    time.wall += 86_400
    time.passes(2)
    assert clock.stamp() == 1_000_002_000
    clock.thaw()
    assert clock.stamp() == 1_000_002_000
    clock.thaw()
    assert clock.stamp() == 5_000_002_000


def test_while_jobs_wait_for_weeks_it_follows_what_this_host_drifts() -> None:
    time = Time()
    clock = time.clock()
    clock.freeze()
    for week in range(1, 5):
        time.passes(600_000)
        clock.learn(1_000_000_000 + week * 600_001_500)
    assert clock.stamp() == clock.bridge_now() == 1_000_000_000 + 4 * 600_001_500


def test_the_first_announce_counts_also_where_jobs_were_there_already() -> None:
    """A board without a clock of its own starts with jobs in its journal."""
    time = Time()
    time.wall = 0.0
    clock = time.clock()
    clock.not_before(1_000_000_000)
    clock.freeze()
    time.passes(10)
    assert clock.stamp() == 1_000_010_000
    clock.learn(1_600_000_000)
    assert clock.stamp() == 1_600_000_000
    clock.learn(1_700_000_000)
    assert clock.stamp() == 1_600_000_000
    early = time.clock()
    early.not_before(1_000_000_000)
    early.freeze()
    early.learn(900_000_000)
    assert early.stamp() == 1_000_000_000, "no time of a job goes back"


@pytest.mark.parametrize("jump", [3_600, -3_600])
def test_a_set_clock_moves_nothing_but_the_skew_that_is_shown(jump: int) -> None:
    time = Time()
    clock = time.clock()
    clock.learn(5_000_000_000)
    time.wall = 5_000_000.0
    assert clock.skew_ms is None
    time.passes(60)
    time.wall += jump
    assert clock.bridge_now() == clock.now() == clock.stamp() == 5_000_060_000
    assert clock.began == 5_000_000_000
    assert clock.skew_ms == jump * 1000


def test_the_time_in_which_the_host_was_suspended_has_gone_by() -> None:
    time = Time()
    clock = time.clock()
    clock.learn(5_000_000_000)
    clock.freeze()
    time.sleeps(3_600)
    assert clock.bridge_now() == clock.stamp() == 5_003_600_000


def test_it_goes_on_from_what_an_earlier_run_stamped_until_a_bridge_knows_better() -> None:
    """The host's clock was set back an hour while the hub was dead."""
    time = Time()
    clock = time.clock()
    clock.not_before(1_003_600_000)
    clock.freeze()
    time.passes(1)
    assert clock.stamp() == 1_003_601_000
    clock.learn(1_003_602_000)
    assert clock.stamp() == 1_003_602_000


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
        match data.draw(st.sampled_from(["learn", "set", "freeze", "thaw", "stamp"])):
            case "learn":
                truth = 1_000_000_000 + int(time.elapsed * 1000)
                clock.learn(truth + data.draw(st.integers(-900, 900)))
            case "set":
                time.wall += data.draw(st.sampled_from([-3_600, -1, 1, 3_600]))
            case "freeze":
                clock.freeze()
            case "thaw" if clock._frozen_by:
                clock.thaw()
        assert clock.began <= clock.now() + 2_000
        stamp = clock.stamp()
        assert stamp >= last
        last = stamp
