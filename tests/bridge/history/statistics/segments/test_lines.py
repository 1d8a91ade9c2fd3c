"""What is written on lines is read as it was, and words are found in it where they are."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from flashyard_bridge.history.sought import plain
from flashyard_bridge.history.statistics.segments.lines import (
    lines_of,
    mentioning,
    plain_lines_of,
    texts_of,
)

_LETTERS = st.sampled_from(["a", "b", "ab", "é", "\\", "\n", "\x00", "-", "n", "0", " "])
texts = st.lists(_LETTERS, max_size=6).map("".join)
words = st.lists(_LETTERS.filter(str.strip), min_size=1, max_size=4).map("".join).map(plain)


@given(st.lists(st.none() | texts | st.text(), min_size=1, max_size=5))
def test_texts_are_read_as_they_were_written(said: list[str | None]) -> None:
    assert list(texts_of(lines_of(said))) == said


@given(
    st.lists(texts | st.text(), min_size=1, max_size=5).map(lambda said: [*map(plain, said)]), words
)
def test_a_word_is_found_on_each_line_that_has_it_and_over_none(said: list[str], word: str) -> None:
    found = mentioning(plain_lines_of(said), word.encode())
    assert found.tolist() == [word in text for text in said]
