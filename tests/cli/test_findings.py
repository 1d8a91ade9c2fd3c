from __future__ import annotations

import json

import pytest

from flashyard.cli.findings import exit_status, show
from flashyard.doctor.finding import About, Finding

ABOUT = About("group")
OK, WARNING = ABOUT.ok("All is well."), ABOUT.warning("Hm.", "newgrp plugdev")
PROBLEM, UNKNOWN = ABOUT.problem("No.", "x" * 300), About("device access").unknown("Who knows.")


@pytest.mark.parametrize(
    ("found", "status"),
    [([OK, OK], 0), ([OK, WARNING, UNKNOWN], 0), ([OK, PROBLEM, WARNING], 1)],
)
def test_only_a_problem_is_an_error(found: list[Finding], status: int) -> None:
    assert exit_status(found) == status


def test_each_has_a_line_of_its_own_and_its_command_below_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show([OK, WARNING, UNKNOWN], as_json=False)
    said = capsys.readouterr()
    assert said.out.splitlines() == [
        "ok       group          All is well.",
        "warning  group          Hm.",
        "                        $ newgrp plugdev",
        "unknown  device access  Who knows.",
    ]
    assert said.err == "1 ok, 1 warning, 1 unknown\n"


def test_a_command_is_never_folded(capsys: pytest.CaptureFixture[str]) -> None:
    show([PROBLEM], as_json=False)
    assert f"$ {'x' * 300}\n" in capsys.readouterr().out


def test_as_json_there_is_one_line_for_each(capsys: pytest.CaptureFixture[str]) -> None:
    show([OK, WARNING], as_json=True)
    said = capsys.readouterr()
    assert [json.loads(line) for line in said.out.splitlines()] == [
        {"check": "group", "level": "ok", "sentence": "All is well."},
        {
            "check": "group",
            "level": "warning",
            "sentence": "Hm.",
            "command": "newgrp plugdev",
        },
    ]
    assert said.err == ""


def test_a_device_s_own_words_steer_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    show([ABOUT.ok("serial \x1b[2J")], as_json=False)
    assert "\x1b" not in capsys.readouterr().out
