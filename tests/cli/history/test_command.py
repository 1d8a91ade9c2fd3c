"""`flashyard history`: options where they mean nothing are refused, not dropped."""

from __future__ import annotations

import pytest

from flashyard.cli.app import run


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--since", "7d", "stats"], "--since must stand behind `stats`."),
        (
            ["--url", "http://127.0.0.1:9", "--csv", "show", "JOB"],
            "--csv and --url must stand behind `show`.",
        ),
        (["--csv", "--json"], "--csv and --json contradict each other."),
        (["audit", "--json", "--csv"], "--csv and --json contradict each other."),
    ],
)
def test_what_would_not_be_heeded_is_refused(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["history", *arguments]) == 2
    told = capsys.readouterr()
    assert said in told.err
    assert told.out == ""
