from __future__ import annotations

from collections.abc import Iterator

import pytest

from flashyard.flash.source import Buffers, Part
from flashyard.flash.throttle.allowance import FREE, Allowance
from flashyard.flash.throttle.bucket import Bucket
from flashyard.flash.throttle.paced import Paced

DATA = bytes(range(256)) * 4096  # 1 MiB


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> bool:
        self.now += seconds
        return False


def part(content: int = len(DATA)) -> Part:
    def buffers() -> Buffers:
        yield DATA, content
        yield memoryview(DATA)[:1000], 1000

    return Part(len(DATA) + 1000, content + 1000, sparse=False, buffers=buffers)


def send(paced: Paced) -> Iterator[tuple[bytes, int]]:
    for data, content in paced.part.buffers():
        yield bytes(data), content
        paced.took(len(data))


def test_without_a_limit_buffers_go_through_untouched() -> None:
    paced = Paced(part(), FREE, lambda _: pytest.fail("nobody waits"))
    whole = [data for data, _ in part().buffers()]
    assert [data for data, _ in paced.part.buffers()] == whole
    assert paced.part.size == part().size


@pytest.mark.parametrize("content", [len(DATA), 10 * len(DATA), 12_345, 0])
def test_under_a_limit_it_is_the_same_bytes_in_small_pieces_and_the_same_content(
    content: int,
) -> None:
    clock = Clock()
    paced = Paced(part(content), Allowance(Bucket(500_000, clock)), clock.wait)
    sent = list(send(paced))
    assert b"".join(data for data, _ in sent) == DATA + DATA[:1000]
    assert sum(counted for _, counted in sent) == content + 1000
    assert max(len(data) for data, _ in sent) <= 25_000
    assert all(counted >= 0 for _, counted in sent)
    assert clock.now == pytest.approx((len(DATA) + 1000) / 500_000, rel=0.05)


def test_a_limit_set_on_the_way_holds_from_the_next_piece_on() -> None:
    clock = Clock()
    bucket = Bucket(None, clock)
    paced = Paced(part(), Allowance(bucket), clock.wait)
    buffers = paced.part.buffers()
    assert len(next(buffers)[0]) == len(DATA)
    bucket.change(100)
    # What was on its way when the limit came is not to be paid for.
    paced.took(len(DATA) // 2)
    assert clock.now == 0.0
    paced.took(500)
    assert clock.now == pytest.approx(5.0, abs=0.01)


def test_a_limit_lifted_on_the_way_lets_the_rest_of_the_buffer_go_at_once() -> None:
    clock = Clock()
    bucket = Bucket(10_240, clock)
    sending = send(Paced(part(), Allowance(bucket), clock.wait))
    assert len(next(sending)[0]) == 1024
    bucket.change(None)
    assert len(next(sending)[0]) == len(DATA) - 1024
    assert len(next(sending)[0]) == 1000


def test_what_a_disk_writes_of_a_fill_is_paid_for_though_it_was_a_few_bytes() -> None:
    clock = Clock()
    paced = Paced(part(), Allowance(Bucket(1_000_000, clock)), clock.wait)
    next(paced.part.buffers())
    before = clock.now
    paced.took(10_000_000)
    assert clock.now - before == pytest.approx(10.0, rel=0.05)


def test_one_that_is_asked_to_end_gets_one_more_piece_at_once() -> None:
    paced = Paced(part(), Allowance(Bucket(1)), lambda _: True)
    assert len(next(paced.part.buffers())[0]) == 1024
