from __future__ import annotations

from threading import Event
from types import SimpleNamespace

import pytest

from flashyard.flash.throttle.allowance import FREE, Allowance
from flashyard.flash.throttle.bucket import Bucket
from support.common_time import CommonTime

SECONDS = 10.0


class Job:
    """A thread that sends all it may until a time."""

    def __init__(self, time: CommonTime, *buckets: Bucket, until: float = SECONDS) -> None:
        self.allowance = Allowance(*buckets)
        self.sent = 0
        self._time = time
        self._until = until

    def __call__(self) -> None:
        while self._time.now < self._until:
            portion = self.allowance.portion
            if portion is None:
                self._time.wait(0.01)
            elif self.allowance.take(portion, self._time.wait):
                self.sent += portion


def test_eight_threads_at_one_hub_limit_get_an_eighth_each() -> None:
    time = CommonTime()
    hub = Bucket(8_000_000, time)
    jobs = [Job(time, Bucket(None, time), hub) for _ in range(8)]
    time.run(*jobs)
    assert sum(job.sent for job in jobs) == pytest.approx(8_000_000 * SECONDS, rel=0.02)
    for job in jobs:
        assert job.sent == pytest.approx(1_000_000 * SECONDS, rel=0.1)


def test_a_job_with_a_lower_limit_of_its_own_leaves_the_rest_to_the_others() -> None:
    time = CommonTime()
    hub = Bucket(8_000_000, time)
    modest = Job(time, Bucket(400_000, time), hub)
    jobs = [Job(time, Bucket(None, time), hub) for _ in range(7)]
    time.run(modest, *jobs)
    assert modest.sent == pytest.approx(400_000 * SECONDS, rel=0.05)
    for job in jobs:
        assert job.sent == pytest.approx(7_600_000 * SECONDS / 7, rel=0.1)


def test_a_job_with_a_limit_above_its_share_gets_that_share() -> None:
    time = CommonTime()
    hub = Bucket(8_000_000, time)
    able = Job(time, Bucket(2_000_000, time), hub)
    jobs = [Job(time, Bucket(None, time), hub) for _ in range(7)]
    time.run(able, *jobs)
    for job in (able, *jobs):
        assert job.sent == pytest.approx(1_000_000 * SECONDS, rel=0.1)


def test_two_jobs_of_a_limited_device_share_what_that_has() -> None:
    time = CommonTime()
    hub, device = Bucket(8_000_000, time), Bucket(500_000, time)
    jobs = [Job(time, Bucket(None, time), device, hub) for _ in range(2)]
    time.run(*jobs)
    for job in jobs:
        assert job.sent == pytest.approx(250_000 * SECONDS, rel=0.05)


def test_limits_changed_while_eight_wait_hold_from_then_on() -> None:
    time = CommonTime()
    hub = Bucket(8_000_000, time)
    jobs = [Job(time, Bucket(None, time), hub, until=2 * SECONDS) for _ in range(8)]
    seen: list[int] = []

    def change() -> None:
        time.wait(SECONDS)
        seen.extend(job.sent for job in jobs)
        hub.change(1_600_000)

    time.run(change, *jobs)
    for job, before in zip(jobs, seen, strict=True):
        assert job.sent - before == pytest.approx(200_000 * SECONDS, rel=0.1)


def test_a_job_asked_to_end_leaves_off_waiting() -> None:
    ended = Event()
    allowance = Allowance(Bucket(1))
    looks: list[bool] = []

    def wait(seconds: float) -> bool:
        assert seconds <= 0.1
        looks.append(allowance.is_waited_for)
        ended.set()
        return ended.wait(0)

    assert not allowance.take(1_000_000, wait)
    assert looks == [True]
    assert not allowance.is_waited_for


def test_without_a_limit_there_is_nothing_to_wait_for() -> None:
    assert FREE.portion is None
    assert FREE.take(1 << 40, SimpleNamespace().wait if FREE.rate else lambda _: True)
    assert Allowance(Bucket(), Bucket()).take(1 << 40, lambda _: True)


def test_the_rate_is_that_of_the_lowest_limit() -> None:
    assert Allowance(Bucket(), Bucket(5), Bucket(9)).rate == 5
    assert FREE.rate is None
