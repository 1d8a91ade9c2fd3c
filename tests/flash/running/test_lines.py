from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from flashyard.flash.running.lines import MAX_LINES, MAX_TEXT, Line, Lines


def test_lines_are_stamped_in_unix_milliseconds() -> None:
    lines = Lines(clock=lambda: 1700000000.1239)
    lines.add("writing")
    assert lines.since(0) == ([Line(1700000000123, "writing")], 1)


def test_a_line_without_end_is_cut() -> None:
    lines = Lines()
    lines.add("x" * 5000)
    assert len(lines.since(0)[0][0].text) == MAX_TEXT


@given(st.lists(st.integers(0, 400), max_size=8))
def test_whoever_asks_often_enough_sees_every_line_once(batches: list[int]) -> None:
    lines, seen, at, said = Lines(), [], 0, 0
    for batch in batches:
        for _ in range(batch):
            lines.add(str(said))
            said += 1
        new, at = lines.since(at)
        seen += [int(line.text) for line in new]
    assert seen == list(range(said))
    assert at == said


@given(st.integers(0, 1500), st.integers(0, 2000))
def test_the_newest_five_hundred_are_kept(said: int, asked_from: int) -> None:
    lines = Lines()
    for number in range(said):
        lines.add(str(number))
    kept, at = lines.since(asked_from)
    first = max(asked_from, said - MAX_LINES)
    assert [int(line.text) for line in kept] == list(range(first, said))
    assert at == said
