"""Which records are under way: so many, the oldest first, each repeated less and less often."""

from __future__ import annotations

from flashyard.agent.records.window import SIZE, Window
from flashyard.agent.recovery.backoff import RECORD


class Hours:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def a_window(sent: int = 0) -> tuple[Window, Hours]:
    clock = Hours()
    window = Window(RECORD, clock)
    for number in range(1, sent + 1):
        window.sent(number, f"job {number}")
    return window, clock


def test_one_is_repeated_after_5_10_20_seconds_and_at_last_every_5_minutes() -> None:
    window, clock = a_window(1)
    pauses: list[float] = []
    for _ in range(9):
        assert window.due(others_wait=False) == []
        due = window.next_due
        assert due is not None
        pauses.append(due - clock.now)
        clock.now = due
        assert window.due(others_wait=False) == [1]
        window.sent(1, "job 1")
    assert pauses == [5, 10, 20, 40, 80, 160, 300, 300, 300]


def test_after_a_new_beginning_it_is_the_oldest_and_the_shortest_pause_again() -> None:
    window, clock = a_window(3)
    for _ in range(5):
        clock.now += 300
        for number in window.due(others_wait=False):
            window.sent(number, f"job {number}")
    window.begin_anew()
    assert (len(window), window.last, window.room) == (0, 0, SIZE)
    window.sent(1, "job 1")
    assert window.next_due == clock.now + 5


def test_what_is_acknowledged_makes_room() -> None:
    window, _ = a_window(SIZE)
    assert window.room == 0
    window.acknowledged(["job 3", "job 5", "job 5", "nobody's"])
    assert (window.room, window.last) == (2, SIZE)
    assert window.numbers == [n for n in range(1, SIZE + 1) if n not in {3, 5}]


def test_what_nobody_takes_makes_room_for_others_in_the_end_and_only_for_others() -> None:
    for others_wait in (False, True):
        window, clock = a_window(2)
        for pause in (5, 10, 20, 40, 80, 160):
            clock.now += pause
            assert window.due(others_wait=others_wait) == [1, 2]
            for number in (1, 2):
                window.sent(number, f"job {number}")
        clock.now += 300
        assert window.due(others_wait=others_wait) == ([] if others_wait else [1, 2])
        assert window.numbers == ([] if others_wait else [1, 2])
        assert window.last == 2, "what comes after those is next"


def test_none_is_unanswered_until_it_had_to_be_repeated() -> None:
    window, clock = a_window(2)
    assert not window.is_unanswered
    clock.now += 5
    window.sent(1, "job 1")
    assert window.is_unanswered
    window.acknowledged(["job 1"])
    assert not window.is_unanswered
