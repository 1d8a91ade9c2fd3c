"""What is said of words that the command line does not know."""

from __future__ import annotations

import pytest

from flashyard.cli.app import run


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["flush"], "`flashyard --help` lists the commands."),
        (["--colour"], "`flashyard --help` lists the commands."),
        (["standing", "ad"], "`flashyard standing --help` lists the commands."),
        (["flash"], "`flashyard flash --help` has more."),
        (["flash", "--quick"], "`flashyard flash --help` has more."),
        (["standing", "show", "a", "b"], "`flashyard standing show --help` has more."),
        (["ls", "houses"], "`flashyard ls --help` has more."),
    ],
)
def test_a_wrong_word_is_answered_with_where_the_right_ones_are(
    arguments: list[str], hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.endswith(f"hint: {hint}\n")
