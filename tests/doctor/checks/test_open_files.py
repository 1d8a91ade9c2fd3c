from __future__ import annotations

import resource

import pytest

from flashyard.doctor.checks.open_files import open_files
from flashyard.doctor.finding import Level

ANY = resource.RLIM_INFINITY


@pytest.mark.parametrize("limits", [(1024, 1024), (ANY, ANY), (320, 1024)])
def test_enough_is_well(limits: tuple[int, int]) -> None:
    assert open_files(16, limits).level is Level.OK


@pytest.mark.parametrize(
    ("hard", "command"),
    [(4096, "ulimit -n 1088"), (ANY, "ulimit -n 1088"), (256, "sudo prlimit --nofile=1088")],
)
def test_too_few_are_told_with_what_raises_them(hard: int, command: str) -> None:
    found = open_files(64, (256, hard))
    assert found.level is Level.WARNING
    assert str(found.command).startswith(command)


def test_this_process_is_asked_where_nobody_else_is() -> None:
    assert open_files(1).level is Level.OK
