from __future__ import annotations

from flashyard.doctor.checks.group import group
from flashyard.doctor.finding import Level
from support.paper_host import ROOT, HostOnPaper, a_user


def test_a_member_is_well(paper: HostOnPaper) -> None:
    paper.user = a_user("users", "plugdev")
    assert group(paper.bench()).level is Level.OK


def test_root_needs_no_group(paper: HostOnPaper) -> None:
    paper.user = ROOT
    assert group(paper.bench()).level is Level.OK


def test_who_is_no_member_is_told_how_to_become_one(paper: HostOnPaper) -> None:
    found = group(paper.bench())
    assert found.level is Level.WARNING
    assert found.command == "sudo usermod -aG plugdev ann"


def test_who_has_just_become_one_is_told_to_log_in_again(paper: HostOnPaper) -> None:
    paper.user = a_user(listed=("plugdev",))
    found = group(paper.bench())
    assert "next login" in found.sentence
    assert found.command == "newgrp plugdev"


def test_a_group_that_is_not_there_is_made_first(paper: HostOnPaper) -> None:
    found = group(paper.bench(group="flashers"))
    assert found.command == "sudo groupadd --system flashers && sudo usermod -aG flashers ann"
