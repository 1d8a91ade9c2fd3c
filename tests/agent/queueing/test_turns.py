"""Whose turn is next: one after the other, the urgent ones first, and nobody for ever last."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from flashyard.agent.queueing.turns import MAX_OVERTAKEN, Turn, Turns


def names(turns: list[Turn]) -> list[str]:
    return [turn.job_id for turn in turns]


def test_the_highest_priority_goes_first_and_among_equals_who_came_first() -> None:
    turns = Turns()
    line = [turns.deal(*each) for each in (("a", 5), ("b", 0), ("c", 9), ("d", 5), ("e", 9))]
    assert names(turns.line_up(line)) == ["c", "e", "a", "d", "b"]


def test_a_job_whose_priority_is_changed_goes_behind_its_new_equals() -> None:
    turns = Turns()
    line = [turns.deal(*each) for each in (("a", 5), ("b", 9), ("c", 5))]
    assert turns.change(line[0], 9)
    assert names(turns.line_up(line)) == ["b", "a", "c"]
    assert turns.change(line[0], 5)
    assert names(turns.line_up(line)) == ["b", "c", "a"]


def test_a_job_that_is_given_the_priority_it_has_keeps_its_place() -> None:
    turns = Turns()
    line = [turns.deal(*each) for each in (("a", 5), ("b", 5))]
    assert not turns.change(line[0], 5)
    assert names(turns.line_up(line)) == ["a", "b"]


def test_who_was_overtaken_sixteen_times_is_next_whatever_comes() -> None:
    turns = Turns()
    patient = turns.deal("patient", 0)
    begun = 0
    while True:
        able = [patient, turns.deal(f"urgent {begun}", 9)]
        chosen = turns.first(able)
        assert chosen is not None
        if chosen is patient:
            break
        turns.begin(chosen, [patient])
        begun += 1
    assert begun == MAX_OVERTAKEN == 16


def test_the_line_is_told_as_it_will_go_with_who_must_not_be_overtaken_any_more() -> None:
    turns = Turns(bound=2)
    line = [turns.deal("patient", 0), *(turns.deal(f"{n}", 9) for n in range(4))]
    assert names(turns.line_up(line)) == ["0", "1", "patient", "2", "3"]
    assert [turn.overtaken for turn in line] == [0] * 5, "telling it changes nothing"


def test_an_equal_that_came_earlier_goes_before_who_must_not_be_overtaken_any_more() -> None:
    turns = Turns(bound=1)
    held, worn = turns.deal("held", 0), turns.deal("worn", 0)
    turns.begin(turns.deal("urgent", 9), [worn])
    urgent = turns.deal("more urgent", 9)
    assert names(turns.line_up([held, worn, urgent])) == ["held", "worn", "more urgent"]


def test_all_that_is_needed_to_go_on_after_a_restart_is_kept_as_it_changes() -> None:
    kept: dict[str, tuple[int, int, int]] = {}

    def keep(turn: Turn) -> None:
        kept[turn.job_id] = (turn.priority, turn.place, turn.overtaken)

    before = Turns(keep)
    line = [before.deal(*each) for each in (("a", 0), ("b", 5), ("c", 5))]
    assert not kept, "a new one is kept with its job"
    before.begin(line.pop(), line)
    assert kept == {"a": (0, 1, 1), "b": (5, 2, 1)}
    before.change(line[1], 3)
    assert kept == {"a": (0, 1, 1), "b": (3, 4, 0)}
    after = Turns()
    again = [after.restore(Turn(name, *kept[name])) for name in ("b", "a")]
    newcomer = after.deal("d", 3)
    assert names(after.line_up([newcomer, *again])) == ["b", "d", "a"]
    assert again[1].overtaken == 1


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 3)), max_size=12), st.integers(1, 3))
def test_the_line_told_is_the_order_in_which_they_go(
    line: list[tuple[int, int]], bound: int
) -> None:
    turns = Turns(bound=bound)
    left = [turns.deal(str(n), priority) for n, (priority, _) in enumerate(line)]
    for turn, (_, overtaken) in zip(left, line, strict=True):
        turn.overtaken = min(overtaken, bound)
    told = turns.line_up(left)
    for expected in told:
        chosen = turns.first(left)
        assert chosen is expected
        left.remove(chosen)
        turns.begin(chosen, left)
