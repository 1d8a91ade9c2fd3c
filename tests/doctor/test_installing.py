from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from flashyard.contract.faults import Code, FaultError
from flashyard.doctor.installing import install, tell_udev
from flashyard.doctor.rule import FILE, rule
from support.paper_host import ROOT, HostOnPaper, a_user

AGAIN = "sudo flashyard doctor --install-udev"


class Udev:
    """Hears the commands."""

    def __init__(self) -> None:
        self.told: list[Sequence[str]] = []

    def __call__(self, command: Sequence[str]) -> None:
        self.told.append(command)


@pytest.fixture
def paper(tmp_path: Path) -> HostOnPaper:
    paper = HostOnPaper(tmp_path, ROOT)
    paper.run_udev()
    return paper


def refusal_of(paper: HostOnPaper, text: str | None = None) -> tuple[Code, str]:
    udev = Udev()
    with pytest.raises(FaultError) as refused:
        install(text or rule(), paper.host, AGAIN, udev)
    assert not udev.told
    fault = refused.value.fault
    return fault.code, f"{fault.sentence} {fault.hint}"


def test_it_writes_the_rule_and_has_udev_heed_it_at_once(paper: HostOnPaper) -> None:
    udev = Udev()
    assert install(rule(), paper.host, AGAIN, udev)
    file = paper.host.rules / FILE
    assert file.read_text() == rule()
    assert file.stat().st_mode & 0o777 == 0o644
    assert [command[:2] for command in udev.told] == [
        ("udevadm", "control"),
        ("udevadm", "trigger"),
    ]


def test_done_again_it_changes_nothing_and_udev_is_told_all_the_same(paper: HostOnPaper) -> None:
    install(rule(), paper.host, AGAIN, Udev())
    udev = Udev()
    assert not install(rule(), paper.host, AGAIN, udev)
    assert len(udev.told) == 2
    assert [file.name for file in paper.host.rules.iterdir()] == [FILE]


def test_an_older_rule_is_replaced(paper: HostOnPaper) -> None:
    paper.rule("# of another version\n")
    assert install(rule(), paper.host, AGAIN, Udev())
    assert (paper.host.rules / FILE).read_text() == rule()


def test_without_root_it_says_what_to_run(paper: HostOnPaper) -> None:
    paper.user = a_user("plugdev")
    assert refusal_of(paper) == (
        Code.NOT_ALLOWED,
        f"Only root may write udev's rules. Run: {AGAIN}",
    )
    assert not paper.host.rules.exists()


def test_a_container_is_told_that_the_rule_belongs_on_its_host(tmp_path: Path) -> None:
    paper = HostOnPaper(tmp_path, ROOT)
    assert "No udev runs here" in refusal_of(paper)[1]
    paper.write(".dockerenv", "")
    code, words = refusal_of(paper)
    assert code is Code.NOT_SUPPORTED
    assert "container" in words
    assert "--print-udev" in words


def test_a_group_that_is_not_there_is_told_before_anything_is_written(paper: HostOnPaper) -> None:
    _, words = refusal_of(paper, rule(group="flashers"))
    assert "groupadd --system flashers" in words
    assert not paper.host.rules.exists()


def test_where_the_file_cannot_be_written_it_says_so(paper: HostOnPaper) -> None:
    paper.write("etc/udev", "a file where the directory should be")
    code, words = refusal_of(paper)
    assert code is Code.NOT_ALLOWED
    assert "cannot be written" in words


@pytest.mark.parametrize(
    ("command", "words"),
    [(("no-such-udevadm",), "There is no no-such-udevadm"), (("false",), "`false` failed")],
)
def test_a_udev_that_cannot_be_told_is_told_of(command: tuple[str, ...], words: str) -> None:
    with pytest.raises(FaultError, match=words):
        tell_udev(command)


def test_a_udev_that_was_told_is_heard_of_no_more() -> None:
    tell_udev(("true",))
