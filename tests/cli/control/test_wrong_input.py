"""What cannot be meant is refused before any bridge is asked."""

from __future__ import annotations

import pytest

from flashyard.cli.app import run


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["set", "job", "job_1703001234_nobody"], "what to change"),
        (["set", "job", "job_1703001234_nobody", "--priority", "10"], "--priority"),
        (["set", "job", "job_1703001234_nobody", "--bandwidth-limit", "fast"], "fast"),
        (["set", "hub", "bench-a", "--download-limit", "0"], "'0'"),
        (["set", "disk", "x"], "disk"),
        (["flash", "X", "boot", "IMAGE", "--not-before", "noon"], "noon"),
        (["flash", "X", "boot", "IMAGE", "--priority", "high"], "--priority"),
        (["flash", "X", "boot", "IMAGE", "--bandwidth-limit", "none"], "none"),
    ],
)
def test_wrong_input_is_one_sentence_a_hint_and_exit_status_two(
    arguments: list[str], word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2
    said = capsys.readouterr()
    sentence, hint = said.err.splitlines()
    assert sentence.startswith("flashyard: ")
    assert word in sentence
    assert hint.startswith("hint: ")
    assert said.out == ""
