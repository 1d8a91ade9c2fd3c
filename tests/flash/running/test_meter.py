from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashyard.flash.running.meter import LONGEST_ETA, Meter, Reading

MB = 1_000_000


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def run(meter: Meter, clock: Clock, seconds: float, rate: int, start: int = 0) -> Reading:
    """Let bytes flow at a rate, looking four times a second."""
    begin = clock.now
    reading = meter.sample(start, start)
    while clock.now < begin + seconds:
        clock.now += 0.25
        done = start + int((clock.now - begin) * rate)
        reading = meter.sample(done, done)
    return reading


def test_a_steady_flow_is_told_as_it_is(clock: Clock) -> None:
    meter = Meter(100 * MB, clock)
    assert run(meter, clock, 20, MB) == Reading(20.0, 20 * MB, MB, MB, 80)


def test_progress_is_rounded_down_to_a_tenth(clock: Clock) -> None:
    meter = Meter(3000, clock)
    assert meter.sample(1, 1).progress == 0.0
    assert meter.sample(1000, 1000).progress == 33.3
    assert meter.sample(2000, 2000).progress == 66.6


def test_a_hundred_percent_comes_only_with_the_end(clock: Clock) -> None:
    meter = Meter(1000, clock)
    reading = meter.sample(1000, 1000)
    assert (reading.progress, reading.bytes, reading.eta) == (99.9, 1000, 0)
    assert meter.finish().progress == 100.0


def test_the_end_is_all_bytes_whatever_was_counted(clock: Clock) -> None:
    meter = Meter(1000, clock)
    meter.sample(400, 400)
    clock.now += 1
    assert meter.finish() == Reading(100.0, 1000, 400, 400, 0)


def test_what_is_sent_again_lowers_nothing_and_counts_as_speed(clock: Clock) -> None:
    meter = Meter(100 * MB, clock)
    run(meter, clock, 10, MB)
    clock.now += 1
    reading = meter.sample(5 * MB, 12 * MB)
    assert reading.bytes == 10 * MB
    assert reading.progress == 10.0
    assert reading.speed > MB


def test_speed_follows_two_seconds_and_falls_to_zero(clock: Clock) -> None:
    meter = Meter(1000 * MB, clock)
    run(meter, clock, 10, MB)
    assert run(meter, clock, 2, 7 * MB, start=10 * MB).speed == 7 * MB
    assert run(meter, clock, 2, 0, start=24 * MB).speed == 0


def test_a_trickle_is_not_told_as_nothing(clock: Clock) -> None:
    meter = Meter(MB, clock)
    clock.now += 3600
    reading = meter.sample(1, 1)
    assert reading.speed == 1
    assert reading.average == 1


def test_what_the_socket_swallows_at_once_is_no_speed(clock: Clock) -> None:
    meter = Meter(100 * MB, clock)
    clock.now += 0.001
    assert meter.sample(MB, MB).speed == 4 * MB


def test_the_time_left_follows_ten_seconds_of_content_not_of_wire(clock: Clock) -> None:
    meter = Meter(100 * MB, clock)
    run(meter, clock, 30, MB)
    for _ in range(40):
        clock.now += 0.25
        reading = meter.sample(50 * MB, 30 * MB)
    assert reading.speed == 0
    assert reading.eta == 25


def test_a_device_that_is_busy_for_long_is_told_at_the_jobs_own_rate(clock: Clock) -> None:
    meter = Meter(100 * MB, clock)
    run(meter, clock, 10, 5 * MB)
    assert run(meter, clock, 40, 0, start=50 * MB).eta == 50


def test_before_the_first_byte_there_is_no_time_to_tell(clock: Clock) -> None:
    meter = Meter(100, clock)
    assert meter.sample(0, 0) == Reading(0.0, 0, 0, 0, 0)
    clock.now += 60
    assert meter.sample(0, 0) == Reading(0.0, 0, 0, 0, 0)


def test_a_job_without_content_waits_for_its_end(clock: Clock) -> None:
    meter = Meter(0, clock)
    assert meter.sample(0, 40) == Reading(0.0, 0, 160, 160, 0)
    assert meter.finish().progress == 100.0


def test_looking_often_costs_no_memory(clock: Clock) -> None:
    meter = Meter(1000 * MB, clock)
    for done in range(20_000):
        clock.now += 0.001
        reading = meter.sample(done * 1000, done * 1000)
        assert len(meter._looks) <= 105
    assert reading.speed == pytest.approx(MB, rel=0.06)


STEPS = st.tuples(
    st.floats(-10, 100, allow_nan=False), st.integers(0, 1 << 53), st.integers(0, 1 << 53)
)


@given(total=st.integers(0, (1 << 53) - 1), steps=st.lists(STEPS, max_size=60))
def test_no_reading_is_ever_negative_unknown_or_lower_than_before(
    total: int, steps: list[tuple[float, int, int]]
) -> None:
    clock = Clock()
    meter = Meter(total, clock)
    before = Reading(0.0, 0, 0, 0, 0)
    for elapsed, content, wire in steps:
        clock.now += elapsed
        reading = meter.sample(content, wire)
        assert before.progress <= reading.progress <= 99.9
        assert round(reading.progress, 1) == reading.progress
        assert before.bytes <= reading.bytes <= total
        for value in reading[1:]:
            assert type(value) is int
            assert value >= 0
        assert not math.isnan(reading.progress)
        assert reading.eta <= LONGEST_ETA
        before = reading
    assert meter.finish()[:2] == (100.0, total)
