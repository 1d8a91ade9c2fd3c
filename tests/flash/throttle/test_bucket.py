from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flashyard.flash.throttle.bucket import BURST, GRAIN, Bucket, Sender, Ticket

SECONDS = 10.0
LATE = 0.1  # seconds after which one that waits sees at the latest that it was granted


@dataclass
class Greedy:
    """One that wishes for more as soon as it has what it wished for, and ``rests`` in between."""

    count: int | None = None  # None: a portion, as the bucket advises
    rests: float = 0.0
    sender: Sender = field(default_factory=Sender)
    ticket: Ticket | None = None
    due: float = 0.0
    got: list[tuple[float, int]] = field(default_factory=list)

    def total(self, since: float = 0.0) -> int:
        return sum(count for at, count in self.got if at >= since)


class Yard:
    """A bucket, and those who draw from it, on a clock that jumps to whatever comes next."""

    def __init__(self, rate: int | None, drawers: Sequence[Greedy]) -> None:
        self.now = 0.0
        self.bucket = Bucket(rate, lambda: self.now)
        self.drawers = drawers

    def run(self, until: float) -> None:
        while True:
            drawer = min(self.drawers, key=lambda one: one.due)
            if drawer.due > until:
                self.now = until
                return
            self.now = max(self.now, drawer.due)
            self._go(drawer)

    def _go(self, drawer: Greedy) -> None:
        if drawer.ticket is None:
            count = drawer.count or self.bucket.portion or GRAIN
            drawer.ticket = self.bucket.ask(drawer.sender, count)
        if wait := self.bucket.wait_for(drawer.ticket):
            drawer.due = self.now + min(wait, LATE)
        else:
            drawer.got.append((self.now, drawer.ticket.count))
            # Without a limit time would stand still.
            drawer.due = self.now + max(drawer.rests, 1e-4)
            drawer.ticket = None


def most_in_a_window(grants: Sequence[tuple[float, int]], rate: float) -> float:
    """The most by which any stretch of time exceeds what the rate would have brought in it."""
    worst = excess = 0.0
    before = 0.0
    for at, count in sorted(grants):
        excess = max(0.0, excess - (at - before) * rate) + count
        worst, before = max(worst, excess), at
    return worst


drawers = st.builds(
    Greedy,
    count=st.one_of(st.none(), st.integers(2_000, 200_000)),
    rests=st.sampled_from([0.0, 0.0, 0.003, 0.5]),
)


@settings(max_examples=40)
@given(st.integers(1, 5_000_000), st.lists(drawers, min_size=1, max_size=6))
def test_no_stretch_of_time_has_more_than_the_rate_and_a_burst(
    rate: int, taking: list[Greedy]
) -> None:
    yard = Yard(rate, taking)
    yard.run(3.0)
    grants = [grant for one in taking for grant in one.got]
    largest = max((count for _, count in grants), default=0)
    assert most_in_a_window(grants, rate) <= max(rate * BURST, largest) + rate * LATE + 1


@settings(max_examples=40)
@given(
    st.lists(st.integers(50_000, 5_000_000), min_size=2, max_size=4),
    st.lists(drawers, min_size=1, max_size=4),
)
def test_that_holds_across_every_change_of_the_rate(rates: list[int], taking: list[Greedy]) -> None:
    yard = Yard(None, taking)
    for number, rate in enumerate(rates):
        yard.bucket.change(rate)
        yard.run(number + 1.0)
    grants = [grant for one in taking for grant in one.got]
    largest = max((count for _, count in grants), default=0)
    for number, rate in enumerate(rates):
        within = [(at, count) for at, count in grants if number < at <= number + 1]
        assert most_in_a_window(within, rate) <= max(max(rates) * BURST, largest) + rate * LATE + 1


@settings(max_examples=30)
@given(st.integers(20_000, 500_000_000))
def test_one_sender_gets_its_rate(rate: int) -> None:
    one = Greedy()
    yard = Yard(rate, [one])
    yard.run(SECONDS)
    assert one.total() == pytest.approx(rate * SECONDS, rel=0.02, abs=2 * GRAIN)


@settings(max_examples=30)
@given(
    st.integers(200_000, 100_000_000),
    st.lists(st.one_of(st.none(), st.integers(20, 200)), min_size=2, max_size=8),
)
def test_all_get_the_same_however_much_each_asks_for_at_a_time(
    rate: int, turns: list[int | None]
) -> None:
    taking = [Greedy(turn and rate // turn) for turn in turns]
    Yard(rate, taking).run(SECONDS)
    # What is asked for at a time is what one can be ahead or behind.
    largest = max(count for one in taking for _, count in one.got)
    for one in taking:
        assert one.total() == pytest.approx(rate * SECONDS / len(taking), rel=0.02, abs=2 * largest)


def test_what_one_does_not_use_is_left_to_the_others() -> None:
    slow = Greedy(5_000, rests=0.05)  # 100 kB/s at most, of a share of 250
    taking = [slow, Greedy(), Greedy(), Greedy()]
    Yard(1_000_000, taking).run(SECONDS)
    assert slow.total() == pytest.approx(1_000_000, rel=0.2)
    rest = 1_000_000 * SECONDS - slow.total()
    for one in taking[1:]:
        assert one.total() == pytest.approx(rest / 3, rel=0.05)


def test_one_that_comes_later_has_its_share_from_then_on_and_makes_up_for_nothing() -> None:
    late = Greedy(due=10.0)
    taking = [Greedy(), late]
    yard = Yard(1_000_000, taking)
    yard.run(20.0)
    assert taking[0].total() == pytest.approx(15_000_000, rel=0.02)
    assert late.total() == pytest.approx(5_000_000, rel=0.02)


def test_a_change_holds_at_once_for_those_who_wait() -> None:
    one = Greedy(1_000_000)
    yard = Yard(1_000, [one])
    yard.run(5.0)
    assert not one.got
    yard.bucket.change(10_000_000)
    yard.run(5.5)
    assert one.got[0][0] == pytest.approx(5.1, abs=0.1)


def test_a_limit_that_is_lifted_lets_all_go() -> None:
    taking = [Greedy(1_000_000), Greedy(1_000_000)]
    yard = Yard(1_000, taking)
    yard.run(1.0)
    yard.bucket.change(None)
    assert yard.bucket.portion is None
    yard.run(1.2)
    assert all(one.got for one in taking)


def test_who_leaves_keeps_nobody_waiting() -> None:
    now = [0.0]
    bucket = Bucket(1_000, lambda: now[0])
    first = bucket.ask(Sender(), 1_000_000)
    second = bucket.ask(Sender(), 1_000)
    bucket.leave(first)
    now[0] = 1.0
    assert bucket.wait_for(second) == 0.0


def test_an_idle_hour_saves_no_more_than_a_burst() -> None:
    now = [0.0]
    bucket = Bucket(1_000_000, lambda: now[0])
    now[0] = 3600.0
    assert bucket.wait_for(bucket.ask(Sender(), 100_000)) == 0.0
    assert bucket.wait_for(bucket.ask(Sender(), 100_000)) == pytest.approx(0.1)


def test_a_portion_is_small_and_ends_no_usb_transfer_early() -> None:
    portions = [Bucket(rate).portion for rate in (1, 100_000, 10_000_000, 1_000_000_000)]
    assert all(portion is not None and portion % GRAIN == 0 for portion in portions)
    assert portions == sorted(portions, key=lambda portion: portion or 0)
    assert all(a != b for a, b in pairwise(portions))
