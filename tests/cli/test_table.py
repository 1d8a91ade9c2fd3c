"""Tables on terminals of every width: no cell is cut, and what matters least goes first."""

from __future__ import annotations

from flashyard.cli.table import fitting

HEADS = ("JOB", "ENDED", "TOOK", "IMAGE", "WHY")
ROW = ("job_1703001234_k3x9q2ab", "2026-11-23 16:03:30", "51.3 s", "boot.img", "It was unplugged.")


def shown(width: int) -> list[str]:
    return list(fitting(HEADS, [ROW], (), ("TOOK", "IMAGE"), width))


def test_a_narrow_terminal_goes_without_what_is_spare_one_after_the_other() -> None:
    # 23, 10 of a day above its time, 6, 8, and 12 of what is broken into lines
    assert shown(67) == list(HEADS)
    assert shown(66) == ["JOB", "ENDED", "IMAGE", "WHY"]
    assert shown(58) == ["JOB", "ENDED", "WHY"]
    assert shown(20) == ["JOB", "ENDED", "WHY"]


def test_no_rows_are_no_trouble() -> None:
    assert list(fitting(HEADS, [], (), HEADS, 80)) == list(HEADS)
